//! SIGTERM (its first effect: the soft stop) during a boot: the process ends in time, and whoever
//! waits is told why.

use testkit::mongod::Traffic;

use super::source::{asking, database, serve};
use crate::harness::poll;

#[test]
fn a_stop_during_a_boot_ends_the_waiters() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("http", "drain_timeout", "2s")]).ready();
    proxy.set(Traffic::Stall);
    let asking = asking(app.address, "a");
    // The boot has begun once the slot says so.
    poll("the boot to begin", || app.get("/v1/instance?tenant=a").text().contains("booting"));
    app.lifecycle.drain();
    let reply = asking.join().expect("an answer");
    assert_eq!(reply.status, 503, "{}", reply.text());
    app.wait().expect("it ends without failure");
}
