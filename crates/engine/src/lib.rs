//! SQLite: images, VFS, loading, querying. The only crate with unsafe.
