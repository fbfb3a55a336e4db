//! `[auth]`: who may ask. Only "none" is built.

use super::reader::Reader;

/// `[auth]`.
#[derive(Clone, Debug)]
pub struct AuthConfig {
    /// Whether somebody wrote `mode = "none"`, which listening beyond loopback asks for.
    pub mode_said: bool,
}

impl AuthConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let mode = reader.take("auth", "mode", "none".to_owned());
        let mode_said = reader.was_said();
        match mode.as_str() {
            "none" => {}
            "trusted_header" | "api_keys" | "jwt" => {
                reader.wrong("is not built yet in this mode: only \"none\" is");
            }
            _ => {
                reader.wrong("is \"none\" (\"trusted_header\", \"api_keys\", \"jwt\" are to come)")
            }
        }
        AuthConfig { mode_said }
    }
}
