//! A tenant that does not fit is refused; others are unharmed.

use super::source::{database, serve};

const COUNT: &str = "SELECT count(*) FROM reads";

#[test]
fn a_tenant_over_its_cap_is_too_large_and_others_are_not() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("instance", "bytes_max", "1MiB")]).ready();
    app.sql("a", COUNT).problem(422, "instance_too_large");
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
    app.sql("a", COUNT).problem(422, "instance_too_large");
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
}

#[test]
fn a_budget_smaller_than_the_tenant() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("memory", "budget", "2MiB")]).ready();
    let reply = app.sql("a", COUNT);
    reply.problem(422, "instance_too_large");
    assert_eq!(app.sql("b", COUNT).rows()[0][0], 10);
}

#[test]
fn a_query_over_its_memory_fails_alone() {
    let (name, proxy) = database();
    let app = serve(&proxy.uri(), &name, &[("query", "temp_bytes_max", "2MiB")]).ready();
    let hungry = "CREATE TEMP TABLE big AS SELECT a.text || b.n AS x FROM reads a, (SELECT n FROM reads LIMIT 20) b; \
                  SELECT count(*) FROM big";
    app.sql("a", hungry).problem(422, "query_memory_exceeded");
    assert_eq!(app.sql("a", COUNT).rows()[0][0], 20_000);
}
