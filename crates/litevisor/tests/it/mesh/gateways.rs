//! Several gateways agree on who is asked for a tenant, wherever they are.

use testkit::mesh::Gateway;

use super::load;
use super::world::{GATEWAY, World};

#[test]
#[ignore = "needs the mesh: make test-mesh"]
fn two_gateways_in_two_zones_agree_on_every_tenant() {
    let world = World::start();
    let before = world.owners();
    // The second takes the first one's place: both listen where `Gateway` says.
    let World { gateway, mesh, mongod } = world;
    drop(gateway);
    let gateway = Gateway::start(1, "zone-b");
    let world = World { gateway, mesh, mongod };
    world.until_serving(3);
    let after = world.owners();
    let differing = before.iter().filter(|(tenant, owner)| after[*tenant] != **owner).count();
    let cold = load::round(GATEWAY).cold;
    println!("two gateways, two zones: they differ on {differing} of {} tenants", before.len());
    assert_eq!((differing, cold), (0, 0));
}
