//! How far the program has come: starting, serving, draining. The front moves it on; probes and
//! the operator's routes look at it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::service::Service;
use crate::runtime::SystemRuntime;
use crate::telemetry::Metrics;

/// What readiness asks for, each said by who knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// The catalog was read or inferred.
    pub catalog: bool,
    /// The source answered once.
    pub source: bool,
    /// Why not, where something failed.
    pub waiting_for: Option<String>,
}

/// The program's standing, the same for both listeners.
pub(super) struct Standing {
    pub(super) runtime: Arc<SystemRuntime>,
    pub(super) metrics: Arc<Metrics>,
    service: OnceLock<Arc<Service>>,
    readiness: Mutex<Readiness>,
}

impl Standing {
    /// Of a program that has not started yet.
    pub(super) fn new(runtime: Arc<SystemRuntime>, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Standing {
            runtime,
            metrics,
            service: OnceLock::new(),
            readiness: Mutex::default(),
        })
    }

    /// It has started: `service` is there from now on.
    pub(super) fn open(&self, service: Arc<Service>) {
        // A second opening would be a fault of `app`; the first stays.
        let _ = self.service.set(service);
    }

    /// The service, once there is one.
    pub(super) fn service(&self) -> Option<&Arc<Service>> {
        self.service.get()
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Readiness)) {
        change(&mut self.readiness.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn readiness(&self) -> Readiness {
        self.readiness.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the process drains.
    pub(super) fn draining(&self) -> bool {
        self.runtime.lifecycle().is_draining()
    }
}
