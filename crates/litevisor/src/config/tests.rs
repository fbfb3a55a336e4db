//! Tests of the configuration: layers, origins, refusals.

use std::time::Duration;

use super::*;

fn file(text: &str) -> Layers {
    Layers::new().file("t.toml", text).expect("TOML")
}

fn refusal(layers: Layers) -> String {
    Config::load(layers).expect_err("refused").to_string()
}

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn later_layers_win_and_are_named() {
    let text = "[http]\nlisten = \"127.0.0.1:1\"\n[instance]\nidle_timeout = \"1m\"\n";
    let layers = file(text)
        .environment(env(&[("LITEVISOR__INSTANCE__IDLE_TIMEOUT", "2m")]).into_iter())
        .flag("--listen", "http", "listen", "127.0.0.1:2");
    let loaded = Config::load(layers).expect("good");
    assert_eq!(loaded.config.http.listen.port(), 2);
    assert_eq!(loaded.config.instance.idle_timeout.0, Duration::from_secs(120));
    let origin = |section, key| {
        let shown = loaded.shown.iter().find(|s| s.section == section && s.key == key);
        shown.expect("shown").origin.to_string()
    };
    assert_eq!(origin("http", "listen"), "flag --listen");
    assert_eq!(origin("instance", "idle_timeout"), "environment LITEVISOR__INSTANCE__IDLE_TIMEOUT");
    assert_eq!(origin("memory", "budget"), "default");
    let loaded = Config::load(file(text)).expect("good");
    let shown = loaded.shown.iter().find(|s| s.key == "idle_timeout").expect("shown");
    assert_eq!(shown.origin.to_string(), "t.toml:4");
    assert_eq!(shown.value.as_deref(), Some("\"1m\""));
}

#[test]
fn what_kubernetes_injects_is_not_ours() {
    let injected = env(&[
        ("LITEVISOR_SERVICE_HOST", "10.0.0.1"),
        ("LITEVISOR_SERVICE_PORT", "80"),
        ("LITEVISOR_SERVICE_PORT_HTTP", "80"),
        ("LITEVISOR_PORT", "tcp://10.0.0.1:80"),
        ("LITEVISOR_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("LITEVISOR_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("LITEVISOR_PORT_80_TCP_PORT", "80"),
        ("LITEVISOR_PORT_80_TCP_PROTO", "tcp"),
    ]);
    assert!(Config::load(Layers::new().environment(injected.into_iter())).is_ok());
}

#[test]
fn refusals_name_place_and_remedy() {
    let cases = [
        ("[htpp]\nlisten = \"x\"", "t.toml:2: there is no section [htpp]; did you mean [http]?"),
        ("[htpp]", "t.toml:1: there is no section [htpp]; did you mean [http]?"),
        (
            "[query]\ntimeuot = \"1s\"",
            "t.toml:2: [query] has no setting `timeuot`; did you mean `timeout`?",
        ),
        ("[query]\ntimeout = 5", "t.toml:2: query.timeout is a length of time"),
        ("[query]\ntemp_bytes_max = \"5 parsecs\"", "query.temp_bytes_max is a size"),
        ("[memory]\nbudget = \"101%\"", "memory.budget is a share"),
        ("[memory]\nbudget = \"0\"", "give it 1048576 bytes or more"),
        ("[memory]\nbudget = \"1KiB\"", "memory.budget is 1024 bytes, with which no query runs"),
        ("[http]\nlisten = \"8080\"", "http.listen is an address with a port"),
        ("[http]\ntenant_parameter = \"te nant\"", "http.tenant_parameter has only"),
        ("[http]\ntenant_parameter = \"sql\"", "may not be the name of another"),
        ("[admission]\ntenant_queued = 0", "1 or more"),
        ("[source]\nkind = \"mongo\"", "is one of \"mongodb\", \"dump\""),
        ("[source]\nkind = \"mongodb\"", "source.uri is missing"),
        ("[source]\nkind = \"dump\"", "source.path is missing"),
        ("[auth]\nmode = \"open\"", "auth.mode is one of \"none\""),
        ("[auth]\nmode = \"api_keys\"", "auth.keys_file is missing"),
        ("[auth]\nmode = \"jwt\"", "auth.jwt_keys_url or auth.jwt_keys_file, one of them"),
        ("[auth]\nmode = \"jwt\"", "auth.jwt_issuer is missing"),
        ("[auth]\nmode = \"jwt\"", "auth.jwt_audience is missing"),
        ("[auth]\nmode = \"trusted_header\"", "auth.trusted_peers is missing"),
        ("[auth]\ntrusted_role_header = \"a b\"", "trusted_role_header is the name of"),
        ("[auth]\njwt_algorithms = [\"none\"]", "auth.jwt_algorithms is a list of HS256"),
        ("[auth]\njwt_algorithms = []", "auth.jwt_algorithms is a list of HS256"),
        ("[auth]\njwt_algorithms = \"RS256\"", "auth.jwt_algorithms is a list of texts"),
        ("[auth]\njwt_keys_refresh = \"0s\"", "auth.jwt_keys_refresh is 1s at least"),
        ("[auth]\njwt_skew = \"1h\"", "auth.jwt_skew is 5m at most"),
        ("[auth]\nallow_unauthenticated = \"yes\"", "is true or false"),
        ("[http]\ncors_origins = [\"*\"]", "and never \"*\""),
        ("[http]\ncors_origins = [\"https://a.example/\"]", "without a path"),
        ("[http]\ncors_origins = [\"https://A.example\"]", "as browsers send them"),
        ("[http]\ncors_origins = [\"https://a.example:443\"]", "as browsers send them"),
        ("[http]\ncors_origins = [\"null\"]", "as browsers send them"),
        ("[canary]\ntenant = \"decoy\"", "are of use only together"),
        ("[canary]\nvalues = [\"cnry-0123456789ab\"]", "are of use only together"),
        ("[canary]\ntenant = \"d\"\nvalues = [\"short\"]", "16 to 128 letters"),
        ("[canary]\ntenant = \"d\"\nvalues = [\"cnry 0123456789ab\"]", "16 to 128 letters"),
        ("[reports]\nport = 1", "the section [reports] is not built yet"),
        (
            "[peers]\nlisten = \"127.0.0.1:8082\"",
            "peers.secret_file and the others of listen, service",
        ),
        ("[peers]\nservice = \"peers\"", "peers.service needs a port"),
        ("[tls]\ncert_file = \"x\"", "tls.key_file and cert_file are of use only together"),
        ("[tls]\nadmin_client_ca_file = \"x\"", "is of no use without admin_cert_file"),
        ("port = 1", "`port` stands outside of every section"),
        ("[instance]\ntables = \"some\"", "is one of \"on_demand\", \"lazy\", \"all\""),
    ];
    for (text, wanted) in cases {
        let said = refusal(file(text));
        assert!(said.contains(wanted), "{text}\n said: {said}\n wanted: {wanted}");
    }
    let two = refusal(file("[query]\ntimeout = 5\nnope_nope_nope = 1"));
    assert_eq!(two.lines().count(), 2, "all at once: {two}");
    let said = Layers::new().file("t.toml", "[http\n").expect_err("no TOML").to_string();
    assert!(said.starts_with("t.toml:1:"), "{said}");
    let said = refusal(Layers::new().environment(env(&[("LITEVISOR__LISTEN", "x")]).into_iter()));
    assert!(said.contains("LITEVISOR__SECTION__KEY"), "{said}");
}

#[test]
fn beyond_loopback_needs_a_catalog_and_a_word() {
    let check = |text: &str| Config::load(file(text)).expect("good").config.check_exposure();
    assert!(check("[http]\nlisten = \"127.0.0.1:80\"\nadmin_listen = \"[::1]:81\"").is_ok());
    let open = "[http]\nlisten = \"0.0.0.0:80\"\n";
    assert_eq!(check(open).expect_err("refused").0.len(), 2);
    let word = "[auth]\nallow_unauthenticated = true\n";
    let said = check(&format!("{open}{word}")).expect_err("refused");
    assert!(said.to_string().contains("catalog infer"), "{said}");
    let said = check(&format!("{open}[catalog]\npath = \"c.toml\"\n")).expect_err("refused");
    assert!(said.to_string().contains("allow_unauthenticated = true"), "{said}");
    let both = format!("{open}[catalog]\npath = \"c.toml\"\n{word}");
    assert!(check(&both).is_ok());
    let alone = format!("{open}[catalog]\npath = \"c.toml\"\n[auth]\nmode = \"none\"\n");
    assert!(check(&alone).is_err(), "the mode alone is no word");
    assert!(check("[http]\nadmin_listen = \"[::]:81\"").is_err(), "the admin listener too");
}

#[test]
fn sizes_and_intervals() {
    let sizes = [
        ("0", Some(0)),
        ("4096", Some(4096)),
        ("512MiB", Some(512 << 20)),
        ("512 mib", Some(512 << 20)),
        ("1.5GiB", Some(3 << 29)),
        ("2GB", Some(2_000_000_000)),
        ("7B", Some(7)),
        ("-1", None),
        ("1.", None),
        ("MiB", None),
        ("1e3", None),
        ("99999999999TiB", None),
        ("ü", None),
    ];
    for (text, bytes) in sizes {
        assert_eq!(Bytes::parse(text).map(|b| b.0), bytes, "{text}");
    }
    let intervals = [
        ("250ms", Some(250)),
        ("5m", Some(300_000)),
        ("1h30m", Some(5_400_000)),
        ("2d", Some(172_800_000)),
        ("0", Some(0)),
        ("0s", Some(0)),
        ("5", None),
        ("m", None),
        ("", None),
        ("5 minutes", None),
        ("-5m", None),
    ];
    for (text, ms) in intervals {
        let parsed = Interval::parse(text).map(|i| u64::try_from(i.0.as_millis()).expect("small"));
        assert_eq!(parsed, ms, "{text}");
    }
    for text in ["1536MiB", "5m", "90m", "1500ms"] {
        let shown = Bytes::parse(text).map(|b| b.to_string());
        assert_eq!(
            shown.or_else(|| Interval::parse(text).map(|i| i.to_string())).as_deref(),
            Some(text)
        );
    }
}

#[test]
fn each_setting_is_documented() {
    let page = include_str!("../../../../docs/configuration.md");
    for shown in Config::load(Layers::new()).expect("defaults").shown {
        let row = format!("| `{}.{}` |", shown.section, shown.key);
        assert!(page.contains(&row), "docs/configuration.md has no row {row}");
        let default = shown.value.unwrap_or_else(|| "unset".to_owned());
        let line = page.lines().find(|line| line.starts_with(&row)).expect("found above");
        assert!(
            line.contains(&format!("`{default}`")),
            "{row} does not name its default {default}"
        );
    }
}
