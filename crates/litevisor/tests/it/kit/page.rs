//! The chart's values, its schema and its page say the same; alerts and the dashboard ask for
//! metrics that are there.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{text, top, updating};

const PAGE: &str = "docs/operate/kubernetes.md";
const VALUES: &str = "deploy/helm/litevisor/values.yaml";

/// One value of the chart as its file has it.
struct Known {
    path: String,
    default: String,
    meaning: String,
}

/// The values: a key with something behind it, or with a comment above it. The comment is its
/// meaning; a key with neither opens a section.
fn values(file: &str) -> Vec<Known> {
    let (mut found, mut meaning, mut sections) =
        (Vec::new(), String::new(), Vec::<(usize, String)>::new());
    let mut inside = None;
    for line in file.lines() {
        let deep = line.len() - line.trim_start().len();
        let line = line.trim();
        if line.is_empty() {
            meaning.clear();
        } else if let Some(comment) = line.strip_prefix("# ") {
            meaning =
                if meaning.is_empty() { comment.into() } else { format!("{meaning} {comment}") };
        } else if inside.is_none_or(|above| deep <= above) {
            let (key, default) = line.split_once(':').expect("a key");
            sections.retain(|(above, _)| *above < deep);
            let default = default.trim();
            inside = None;
            if default.is_empty() && meaning.is_empty() {
                sections.push((deep, key.to_owned()));
                continue;
            }
            let above: String = sections.iter().map(|(_, name)| format!("{name}.")).collect();
            let default = if default.is_empty() { "see the file" } else { default };
            inside = Some(deep);
            let (path, default) = (format!("{above}{key}"), default.to_owned());
            found.push(Known { path, default, meaning: std::mem::take(&mut meaning) });
        }
    }
    found
}

fn table(values: &[Known]) -> String {
    let mut table = "| value | default | meaning |\n|---|---|---|\n".to_owned();
    for Known { path, default, meaning } in values {
        table.push_str(&format!("| `{path}` | `{default}` | {meaning} |\n"));
    }
    table
}

/// The paths that a schema knows.
fn schema_paths(schema: &Value, above: &str, paths: &mut BTreeSet<String>) {
    for (key, below) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{above}{key}");
        match below["properties"].is_object() {
            true => schema_paths(below, &format!("{path}."), paths),
            false => {
                paths.insert(path);
            }
        }
    }
}

#[test]
fn every_value_is_documented_and_in_the_schema() {
    let values = values(&text(VALUES));
    for value in &values {
        assert!(!value.meaning.is_empty(), "{} has no comment in {VALUES}", value.path);
    }
    let schema = text("deploy/helm/litevisor/values.schema.json");
    let mut known = BTreeSet::new();
    schema_paths(&serde_json::from_str(&schema).expect("JSON"), "", &mut known);
    // What Helm itself adds for charts within charts.
    known.remove("global");
    let there: BTreeSet<String> = values.iter().map(|value| value.path.clone()).collect();
    assert_eq!(there, known, "{VALUES} and its schema");
}

#[test]
fn the_page_has_every_value() {
    let (begin, end) = ("<!-- values -->\n", "<!-- /values -->");
    let page = text(PAGE);
    let (before, rest) = page.split_once(begin).expect("a place for the table");
    let (_, after) = rest.split_once(end).expect("its end");
    let table = table(&values(&text(VALUES)));
    let wanted = format!("{before}{begin}{table}{end}{after}");
    if updating() {
        std::fs::write(top().join(PAGE), &wanted).expect("written");
    } else {
        assert!(page == wanted, "{PAGE} is stale: see `make snapshots`");
    }
}

/// Metrics that `text` names.
fn metrics(text: &str) -> BTreeSet<String> {
    let within = |c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let names = text.split(within).filter(|word| word.starts_with("litevisor_"));
    names.map(|name| name.strip_suffix("_bucket").unwrap_or(name).to_owned()).collect()
}

#[test]
fn alerts_and_dashboard_ask_for_metrics_that_are_there() {
    // That page is held against the code by a test of its own.
    let there = metrics(&text("docs/metrics.md"));
    for file in ["alerts.yaml", "dashboard.json"] {
        let asked = metrics(&text(&format!("deploy/helm/litevisor/files/{file}")));
        assert!(asked.len() > 5, "{file}");
        let missing: Vec<&String> = asked.difference(&there).collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
    }
    let wrong = metrics("sum(rate(litevisor_shedded_total[5m]))");
    assert_eq!(wrong.difference(&there).count(), 1);
}

#[test]
fn every_alert_has_its_entry_on_the_page() {
    let page = text(PAGE);
    let alerts = text("deploy/helm/litevisor/files/alerts.yaml");
    let names: Vec<&str> =
        alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() > 5);
    for name in names {
        assert!(
            page.contains(&format!("| `{name}` |")),
            "{PAGE} does not say what to do at {name}"
        );
    }
}
