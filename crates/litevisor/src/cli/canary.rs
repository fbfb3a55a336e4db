//! `litevisor canary print`: the script that plants the decoy's documents.

use std::process::ExitCode;

use clap::Subcommand;

use super::{ConfigFile, Failure, terminal};
use crate::app;
use crate::canary::planting_script;

#[derive(Debug, Subcommand)]
pub(super) enum CanaryCommand {
    /// Prints a script for mongosh that inserts the decoy's documents, by the catalog and `[canary]`
    Print(ConfigFile),
}

pub(super) fn run(command: CanaryCommand) -> Result<ExitCode, Failure> {
    let CanaryCommand::Print(file) = command;
    let config = file.load()?.config;
    let Some(canary) = &config.canary else {
        return Err(Failure::usage("there is no decoy: set [canary] tenant and values"));
    };
    let Some(catalog) = app::declared_catalog(&config).map_err(Failure::usage)? else {
        return Err(Failure::usage(
            "no catalog is declared, so nobody knows which documents the tables are made of: \
             set [catalog] path",
        ));
    };
    model::TenantId::parse(&canary.tenant, catalog.tenant_key_type)
        .map_err(|error| Failure::usage(format!("[canary] tenant: {error}")))?;
    terminal::print(&planting_script(&catalog, canary))?;
    Ok(ExitCode::SUCCESS)
}
