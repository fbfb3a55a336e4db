//! `[auth] jwt_…`: what a token must be, and what its claims say.

use std::path::PathBuf;

use jsonwebtoken::Algorithm;
use model::limits::JWT_SKEW_MAX_SECONDS;

use super::reader::Reader;
use super::value::Interval;

/// The settings of mode `jwt`.
#[derive(Clone, Debug)]
pub struct JwtConfig {
    /// The only ones taken.
    pub algorithms: Vec<Algorithm>,
    /// A file with the issuer's keys.
    pub keys_file: Option<PathBuf>,
    /// Or where they are fetched.
    pub keys_url: Option<String>,
    /// Who vouches for that address; without it the public authorities.
    pub keys_ca_file: Option<PathBuf>,
    /// How often they are fetched anew.
    pub keys_refresh: Interval,
    /// Who must have issued a token.
    pub issuer: String,
    /// For whom: one of these.
    pub audience: Vec<String>,
    /// How far the issuer's clock may be from ours.
    pub skew: Interval,
    /// The claim that names the principal.
    pub name_claim: String,
    /// The claim that lists the tenants.
    pub tenants_claim: String,
    /// The claim that is `true` for who may see all tenants.
    pub all_tenants_claim: Option<String>,
    /// The claim that has the role.
    pub role_claim: String,
    /// What stands before a role's word.
    pub role_prefix: String,
}

const DEFAULT_ALGORITHMS: [&str; 3] = ["RS256", "ES256", "EdDSA"];

impl JwtConfig {
    /// `wanted`: the mode asks for them.
    pub(super) fn read(reader: &mut Reader, wanted: bool) -> Self {
        const S: &str = "auth";
        let names = DEFAULT_ALGORITHMS.map(str::to_owned).to_vec();
        let names: Vec<String> = reader.take(S, "jwt_algorithms", names);
        let algorithms: Option<Vec<Algorithm>> =
            names.iter().map(|name| name.parse().ok()).collect();
        let algorithms = algorithms.filter(|some| !some.is_empty()).unwrap_or_else(|| {
            reader.wrong(
                "is a list of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, \
                 ES256, ES384, EdDSA",
            );
            Vec::new()
        });
        let keys_file = reader.take_optional(S, "jwt_keys_file");
        let keys_url: Option<String> = reader.take_optional(S, "jwt_keys_url");
        if wanted && keys_file.is_some() == keys_url.is_some() {
            reader.wrong("or auth.jwt_keys_file, one of them, names the issuer's keys");
        }
        let keys_ca_file = reader.take_optional(S, "jwt_keys_ca_file");
        let keys_refresh = reader.take(S, "jwt_keys_refresh", Interval::seconds(600));
        if keys_refresh < Interval::seconds(1) {
            reader.wrong("is 1s at least");
        }
        let issuer: Option<String> = reader.take_optional(S, "jwt_issuer");
        if wanted && issuer.is_none() {
            reader.wrong("is missing: mode \"jwt\" takes the tokens of one issuer, its `iss`");
        }
        let audience: Vec<String> = reader.take(S, "jwt_audience", Vec::new());
        if wanted && audience.is_empty() {
            reader.wrong("is missing: without it tokens meant for other services would be taken");
        }
        let skew = reader.take(S, "jwt_skew", Interval::seconds(60));
        if skew > Interval::seconds(JWT_SKEW_MAX_SECONDS) {
            reader.wrong("is 5m at most");
        }
        JwtConfig {
            algorithms,
            keys_file,
            keys_url,
            keys_ca_file,
            keys_refresh,
            issuer: issuer.unwrap_or_default(),
            audience,
            skew,
            name_claim: reader.take(S, "jwt_name_claim", "sub".to_owned()),
            tenants_claim: reader.take(S, "jwt_tenants_claim", "tenants".to_owned()),
            all_tenants_claim: reader.take_optional(S, "jwt_all_tenants_claim"),
            role_claim: reader.take(S, "jwt_role_claim", "role".to_owned()),
            role_prefix: reader.take(S, "jwt_role_prefix", String::new()),
        }
    }
}
