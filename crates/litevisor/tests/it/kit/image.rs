//! The Containerfile, which is not built here: read against a list of what one may not do.

use super::text;

/// What is wrong with a Containerfile, for a workspace that needs Rust `rust` or later.
fn faults(file: &str, rust: &str) -> Vec<String> {
    let file = file.replace("\\\n", " ");
    let lines: Vec<&str> =
        file.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let mut faults = Vec::new();
    let mut fault = |words: String| faults.push(words);
    for line in &lines {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "FROM" => {
                let image = rest.split(' ').next().unwrap_or_default();
                let tag = image.rsplit('/').next().unwrap_or_default().split_once([':', '@']);
                match tag {
                    None | Some((_, "latest")) => fault(format!("{image} is not pinned")),
                    Some(("rust", tag)) if !tag.starts_with(rust) => {
                        fault(format!("the workspace needs Rust {rust}, not {tag}"));
                    }
                    Some(_) => {}
                }
            }
            "ADD" => fault("ADD fetches and unpacks: use COPY".into()),
            "RUN" if rest.contains("cargo build") && !rest.contains("--locked") => {
                fault("a build that is not --locked".into());
            }
            "ENTRYPOINT" | "CMD" if !rest.starts_with('[') => {
                fault(format!("{word} by a shell, which does not pass signals on"));
            }
            "COPY" | "RUN" | "USER" | "WORKDIR" | "EXPOSE" | "ENTRYPOINT" | "CMD" => {}
            other => fault(format!("{other} is not needed here")),
        }
    }
    let last = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap_or_default();
    let last = &lines[last..];
    let user = last.iter().find_map(|line| line.strip_prefix("USER "));
    let number = user.and_then(|user| user.split(':').next()?.parse::<u32>().ok());
    if number.is_none_or(|number| number == 0) {
        fault("the last stage's USER is no number other than 0".into());
    }
    if last.iter().any(|line| line.starts_with("COPY ") && !line.contains("--from=")) {
        fault("the last stage copies from the machine".into());
    }
    if last.iter().any(|line| line.starts_with("RUN ")) {
        fault("the last stage runs something, where there is no shell".into());
    }
    if !last.iter().any(|line| line.starts_with("ENTRYPOINT ")) {
        fault("no ENTRYPOINT".into());
    }
    faults
}

fn rust_version() -> String {
    let manifest = text("Cargo.toml");
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    line.expect("a rust-version").trim_matches('"').to_owned()
}

#[test]
fn the_containerfile_has_no_fault() {
    assert_eq!(faults(&text("deploy/Containerfile"), &rust_version()), Vec::<String>::new());
    let ignored = text("deploy/.containerignore");
    for folder in ["target", ".git"] {
        assert!(ignored.lines().any(|line| line == folder), "{folder} would be sent along");
    }
}

#[test]
fn the_image_s_user_and_ports_are_the_chart_s() {
    let (image, chart) =
        (text("deploy/Containerfile"), text("deploy/helm/litevisor/templates/deployment.yaml"));
    assert!(image.contains("USER 65532:65532\n"));
    assert!(chart.contains("runAsUser: 65532\n") && chart.contains("runAsGroup: 65532\n"));
    let exposed = image.lines().find_map(|line| line.strip_prefix("EXPOSE "));
    for port in exposed.expect("ports").split(' ') {
        assert!(chart.contains(&format!("containerPort: {port} ")), "{port}");
    }
}

#[test]
fn each_fault_of_a_containerfile_is_found() {
    let (good, rust) = (text("deploy/Containerfile"), rust_version());
    for (right, wrong, words) in [
        (":nonroot", "", "not pinned"),
        (":nonroot", ":latest", "not pinned"),
        ("rust:1.", "rust:0.", "needs Rust"),
        ("COPY . .", "ADD . .", "ADD"),
        (" --locked", "", "--locked"),
        ("USER 65532:65532", "USER 0", "USER"),
        ("USER 65532:65532", "USER nonroot", "USER"),
        ("USER 65532:65532", "", "USER"),
        ("COPY --from=build /litevisor", "COPY litevisor", "from the machine"),
        ("USER 65532", "RUN true\nUSER 65532", "no shell"),
        ("[\"/usr/local/bin/litevisor\"]", "litevisor", "by a shell"),
        ("ENTRYPOINT", "VOLUME", "VOLUME"),
    ] {
        assert!(good.contains(right), "{right}");
        let found = faults(&good.replace(right, wrong), &rust);
        assert!(found.iter().any(|fault| fault.contains(words)), "{wrong}: {found:?}");
    }
}
