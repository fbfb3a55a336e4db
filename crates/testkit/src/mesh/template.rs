//! From a container's template to a process: its environment, its arguments, its mounted files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Api, NAMESPACE};

/// What a container asks for, resolved.
#[derive(Debug, Default)]
pub(super) struct Container {
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
}

/// Resolves the first container of `pod`, whose address is `address`, mounting below `folder`. A
/// process sees the machine's files: paths below a mount are written as they are here, in mounted
/// texts too.
pub(super) fn container(
    api: &Api,
    pod: &Value,
    address: &str,
    folder: &Path,
) -> Result<Container, String> {
    let spec = &pod["spec"];
    let container = &spec["containers"][0];
    let mut mounts = Vec::new();
    let mut volumes = Vec::new();
    for mount in items(&container["volumeMounts"]) {
        let name = text(&mount["name"])?;
        let volume = items(&spec["volumes"]).find(|volume| volume["name"] == *name);
        let here = folder.join(name);
        volumes.push((volume.ok_or(format!("no volume {name}"))?, here.clone()));
        let here = match mount["subPath"].as_str() {
            Some(part) => here.join(part),
            None => here,
        };
        mounts.push((text(&mount["mountPath"])?.to_owned(), here));
    }
    for (volume, here) in volumes {
        write_volume(api, volume, &here, &mounts)?;
    }
    let local = |path: &str| localised(path, &mounts);
    let mut environment = BTreeMap::new();
    for variable in items(&container["env"]) {
        let value = match variable["value"].as_str() {
            Some(value) => value.to_owned(),
            None => referred(api, pod, address, &variable["valueFrom"])?,
        };
        environment
            .insert(text(&variable["name"])?.to_owned(), local(&expanded(&value, &environment)));
    }
    let words = items(&container["command"]).skip(1).chain(items(&container["args"]));
    let arguments = words
        .map(|word| Ok(local(&expanded(text(word)?, &environment))))
        .collect::<Result<_, String>>()?;
    Ok(Container { arguments, environment })
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("not a text: {value}"))
}

/// A path below a mount, or a text that holds one, as it is on this machine.
fn localised(path: &str, mounts: &[(String, PathBuf)]) -> String {
    let mut path = path.to_owned();
    for (mounted, here) in mounts {
        path = path.replace(mounted.as_str(), &here.to_string_lossy());
    }
    path
}

/// `$(NAME)` for what came before it.
fn expanded(value: &str, environment: &BTreeMap<String, String>) -> String {
    let mut value = value.to_owned();
    for (name, known) in environment {
        value = value.replace(&format!("$({name})"), known);
    }
    value
}

fn referred(api: &Api, pod: &Value, address: &str, from: &Value) -> Result<String, String> {
    if let Some(path) = from["fieldRef"]["fieldPath"].as_str() {
        return match path {
            "status.podIP" => Ok(address.to_owned()),
            path => {
                let pointer = format!("/{}", path.replace('.', "/"));
                Ok(text(pod.pointer(&pointer).unwrap_or(&Value::Null))?.to_owned())
            }
        };
    }
    for (key, kind) in [("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")] {
        let Some(reference) = from.get(key) else { continue };
        let files = data(api, kind, text(&reference["name"])?)?;
        let wanted = text(&reference["key"])?;
        let bytes = files.get(wanted).ok_or(format!("no {wanted} in {reference}"))?;
        return String::from_utf8(bytes.clone()).map_err(|error| error.to_string());
    }
    Err(format!("no value from {from}"))
}

fn write_volume(
    api: &Api,
    volume: &Value,
    folder: &Path,
    mounts: &[(String, PathBuf)],
) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut sources = vec![volume];
    sources.extend(items(&volume["projected"]["sources"]));
    for source in sources {
        for (key, kind, name) in
            [("configMap", "configmaps", "name"), ("secret", "secrets", "secretName")]
        {
            let Some(reference) = source.get(key) else { continue };
            let name = reference[name].as_str().or(reference["name"].as_str()).unwrap_or_default();
            for (file, bytes) in data(api, kind, name)? {
                let bytes = match std::str::from_utf8(&bytes) {
                    Ok(text) => localised(text, mounts).into_bytes(),
                    Err(_) => bytes,
                };
                fs::write(folder.join(file), bytes).map_err(|error| error.to_string())?;
            }
        }
    }
    Ok(())
}

/// What a ConfigMap or a Secret holds.
fn data(api: &Api, kind: &str, name: &str) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let object = api.get(&format!("/api/v1/namespaces/{NAMESPACE}/{kind}/{name}"))?;
    let entries = object["data"].as_object().cloned().unwrap_or_default();
    let entry = |(key, value): (String, Value)| {
        let value = text(&value)?.to_owned();
        let bytes = match kind {
            "secrets" => base64::Engine::decode(&base64::engine::general_purpose::STANDARD, value)
                .map_err(|error| error.to_string())?,
            _ => value.into_bytes(),
        };
        Ok((key, bytes))
    };
    entries.into_iter().map(entry).collect()
}
