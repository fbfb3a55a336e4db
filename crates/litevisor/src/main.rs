//! A hypervisor for SQLite instances: SQL for each tenant over its own MongoDB documents.
//! The program: parse, settle, build, run, drain.

use std::process::ExitCode;

use litevisor::cli::{self, Cli};
use litevisor::runtime::{Lifecycle, SystemRuntime};

fn main() -> ExitCode {
    let settled = match Cli::read().settle() {
        Ok(settled) => settled,
        Err(code) => return code,
    };
    let threads = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("litevisor-io")
        .build();
    let tokio = match threads {
        Ok(tokio) => tokio,
        Err(error) => return cli::complain(&format!("cannot start threads: {error}")),
    };
    let lifecycle = Lifecycle::new();
    let runtime = SystemRuntime::new(tokio.handle().clone(), lifecycle.clone());
    let code = tokio.block_on(async {
        // Before anything is said or done: a signal that comes early must drain as well.
        let watch = lifecycle.watch_signals();
        // The second signal ends the process even if some part does not listen.
        let stopped = async {
            match watch {
                Ok(watch) => watch.await,
                Err(error) => tracing::warn!(%error, "signals cannot be watched"),
            }
            if !lifecycle.is_stopping() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            code = settled.run(runtime) => code,
            () = stopped => ExitCode::from(cli::STOPPED),
        }
    });
    tokio.shutdown_background();
    code
}
