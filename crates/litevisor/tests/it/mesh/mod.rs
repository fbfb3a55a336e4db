//! Scale-out, proven on a real control plane: our manifests applied to it, real processes as the
//! pods, load throughout. `make test-mesh` runs these; each prints the figures that it holds to.

mod chart;
mod gateways;
mod harm;
mod installed;
mod load;
mod outage;
mod refused;
mod scale;
mod storm;
mod strangers;
mod timeline;
mod watch;
mod world;
