//! A connection ready for a tenant's SQL: on an image, or on a scratch over it.

use std::rc::Rc;
use std::sync::Arc;

use model::limits::{KEPT_SQL_BYTES, STATEMENTS_PER_READER};
use model::{Account, Column, Error, Origin};
use rusqlite::ffi;

use super::held::Held;
use super::watch::Watch;
use super::{QueryLimits, faults};
use crate::conn::{Connection, Statement};
use crate::functions;
use crate::heap::Purse;
use crate::image::{Image, Overlay, WeakImage};
use crate::ledger;
use crate::sandbox;
use crate::vfs::{Handed, Seat};

/// SQLite's own default for the length of a statement.
const SQL_BYTES_LEAST: u64 = 1_000_000;

/// An open connection with its watch.
pub(super) struct Session {
    /// Most recently used last. Dropped first: the connection closes while the watch is there.
    kept: Vec<KeptStatement>,
    pub(super) connection: Connection,
    pub(super) watch: Rc<Watch>,
    /// The seats of the images read, to be emptied while the session is parked.
    seats: Vec<Arc<Seat>>,
    shared: Option<WeakImage>,
    limits: (u64, u64),
    /// Nothing but plain SELECTs ran.
    pub(super) plain: bool,
    /// Of the run that opened it; pays for its short runs, too.
    pub(super) purse: Arc<Purse>,
    /// Room for the rows of a short run, used again by the next.
    pub(super) held: Held,
}

// SAFETY: the watch's `Rc` never leaves the session, and SQLite's pointer to it is used only while
// the session's statements are prepared or stepped; so all of it moves as one.
unsafe impl Send for Session {}

/// A statement prepared for the next time.
pub(super) struct KeptStatement {
    pub(super) sql: Box<str>,
    pub(super) statement: Statement,
    pub(super) columns: Arc<[Column]>,
    /// It may be run the short way, see [`super::brief`].
    pub(super) brief: bool,
}

impl Session {
    /// A reader on `image`.
    pub(super) fn reader(
        image: &Image,
        shared: Option<&Image>,
        limits: &QueryLimits,
    ) -> Result<Session, Error> {
        crate::init()?;
        let seat = Seat::taken_by(image);
        let connection = Connection::open(Handed::Image(Arc::clone(&seat)))?;
        Session::finish(connection, vec![seat], image, shared, limits)
    }

    /// A private scratch over `image`, charged to `account`.
    pub(super) fn scratch(
        image: &Image,
        shared: Option<&Image>,
        limits: &QueryLimits,
        account: &Arc<Account>,
    ) -> Result<Session, Error> {
        crate::init()?;
        let overlay = Overlay::new(image, account).map_err(faults::refused)?;
        let connection = Connection::open(Handed::Scratch(Box::new(overlay)))?;
        // Exclusive, so that the journal stays open; truncated, since without a journal a
        // ROLLBACK or a failed statement would leave a corrupt scratch.
        connection.execute(
            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=OFF",
        )?;
        let mut session = Session::finish(connection, Vec::new(), image, shared, limits)?;
        session.plain = false;
        Ok(session)
    }

    fn finish(
        connection: Connection,
        mut seats: Vec<Arc<Seat>>,
        image: &Image,
        shared: Option<&Image>,
        limits: &QueryLimits,
    ) -> Result<Session, Error> {
        if let Some(shared) = shared {
            let seat = Seat::taken_by(shared);
            connection.attach_shared(Handed::Image(Arc::clone(&seat)))?;
            seats.push(seat);
        }
        functions::register(&connection)?;
        connection.option(ffi::SQLITE_DBCONFIG_DEFENSIVE, true);
        connection.option(ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false);
        connection.limit(ffi::SQLITE_LIMIT_LENGTH, limits.row_bytes_max);
        // The request's own text is checked before; SQLite also measures statements that it makes
        // for itself, which need room.
        let sql_bytes = limits.sql_bytes_max.saturating_mul(2).max(SQL_BYTES_LEAST);
        connection.limit(ffi::SQLITE_LIMIT_SQL_LENGTH, sql_bytes);
        for (which, value) in sandbox::LIMITS {
            connection.limit(*which, *value);
        }
        let watch = Watch::new(image, shared);
        // SAFETY: the session holds the watch as long as the connection and its statements; an
        // `Rc`'s content does not move.
        unsafe { watch.attach(&connection) };
        Ok(Session {
            connection,
            watch,
            seats,
            shared: shared.map(Image::downgrade),
            kept: Vec::new(),
            limits: (limits.row_bytes_max, limits.sql_bytes_max),
            plain: true,
            purse: ledger::purse(),
            held: Held::default(),
        })
    }

    /// Whether it was opened with these.
    pub(super) fn fits(&self, shared: Option<&Image>, limits: &QueryLimits) -> bool {
        let same = match (shared, &self.shared) {
            (None, None) => true,
            (Some(image), Some(opened)) => image.is_same(opened),
            _ => false,
        };
        same && self.limits == (limits.row_bytes_max, limits.sql_bytes_max)
    }

    /// Leaves the seats, so that the session does not keep the images alive.
    pub(super) fn park(&self) {
        self.seats.iter().for_each(|seat| seat.set(None));
    }

    /// Takes the seats again, on the images it was opened on.
    pub(super) fn resume(&self, image: &Image, shared: Option<&Image>) {
        let images = std::iter::once(image).chain(shared);
        self.seats.iter().zip(images).for_each(|(seat, image)| seat.set(Some(image.clone())));
    }

    /// Takes out the statement kept for `sql`.
    pub(super) fn take_statement(&mut self, sql: &str) -> Option<KeptStatement> {
        let index = self.kept.iter().rposition(|kept| *kept.sql == *sql)?;
        Some(self.kept.remove(index))
    }

    /// Whether it keeps a statement for `sql` that may be run the short way.
    pub(super) fn keeps_brief(&self, sql: &str) -> bool {
        self.kept.iter().any(|kept| kept.brief && *kept.sql == *sql)
    }

    /// Keeps a statement, clean of parameters and of its run.
    pub(super) fn keep_statement(&mut self, mut kept: KeptStatement) {
        if kept.sql.len() > KEPT_SQL_BYTES {
            return;
        }
        kept.statement.reset();
        kept.statement.clear_bindings();
        if self.kept.len() >= STATEMENTS_PER_READER {
            self.kept.remove(0);
        }
        self.kept.push(kept);
    }

    /// A statement's result columns, with what the catalog knows of them.
    pub(super) fn columns(&self, statement: &Statement) -> Arc<[Column]> {
        (0..statement.columns())
            .map(|index| {
                let from = statement.column_origin(index);
                let column_type = from.as_ref().and_then(|(database, table, column)| {
                    self.watch.column_type(database, table, column)
                });
                Column {
                    name: statement.column_name(index),
                    column_type,
                    origin: from.map(|(_, table, column)| Origin { table, column }),
                }
            })
            .collect()
    }
}
