//! The authorizer: sees what statements touch, at prepare and at step time. It tells which tables
//! are missing, whether `main` is written to, and refuses what the sandbox denies.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::rc::Rc;
use std::sync::Arc;

use model::{Catalog, ColumnType, TableSet};
use rusqlite::ffi;

use super::quick;
use crate::callback::caught;
use crate::conn::Connection;
use crate::image::Image;
use crate::sandbox;

/// What was seen since [`Watch::forget`].
#[derive(Default)]
pub(super) struct Seen {
    /// Tables touched that are not loaded.
    pub(super) missing: Cell<TableSet>,
    /// All tables touched.
    pub(super) touched: Cell<TableSet>,
    /// `main` is written to, or a transaction is opened.
    pub(super) scratch: Cell<bool>,
    /// Something happened that a plain SELECT does not do.
    pub(super) unusual: Cell<bool>,
    /// Something is called or read that may take long within one VM step.
    pub(super) slow: Cell<bool>,
    /// A temp table or an attached database other than `shared` is written to.
    pub(super) private_write: Cell<bool>,
    /// Why it was refused.
    pub(super) denied: RefCell<Option<String>>,
    /// Views of `main` that were created.
    pub(super) views: RefCell<Vec<String>>,
    /// Tables of `main` on which triggers were created.
    pub(super) triggered: RefCell<Vec<String>>,
}

/// One connection's watch. Behind an `Rc`, since SQLite holds a pointer to it.
pub(super) struct Watch {
    main: Named,
    shared: Option<Named>,
    pub(super) seen: Seen,
    /// A statement is being stepped: a missing table must stop it now.
    pub(super) stepping: Cell<bool>,
}

/// Why a shared table is not written to.
pub(super) const SHARED_STAY: &str = "shared tables cannot be changed; copy what you need into a \
                                      temp table: CREATE TEMP TABLE mine AS SELECT ...";

/// What names in a schema mean.
struct Named {
    catalog: Arc<Catalog>,
    all: TableSet,
    absent: TableSet,
}

impl Named {
    fn of(image: &Image) -> Named {
        let all = image.part_tables();
        Named { catalog: Arc::clone(image.catalog()), all, absent: all.minus(&image.loaded()) }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.catalog.table(name).map(|(number, _)| number).filter(|n| self.all.contains(*n))
    }
}

/// Tables that a script may join by column names.
pub(super) struct Joined {
    touched: TableSet,
    missing: TableSet,
}

impl Watch {
    pub(super) fn new(image: &Image, shared: Option<&Image>) -> Rc<Watch> {
        Rc::new(Watch {
            main: Named::of(image),
            shared: shared.map(Named::of),
            seen: Seen::default(),
            stepping: Cell::new(false),
        })
    }

    /// Puts the watch on `connection`.
    ///
    /// # Safety
    /// The watch must live, where it is, as long as statements of the connection are prepared or
    /// stepped.
    pub(super) unsafe fn attach(&self, connection: &Connection) {
        let pointer = std::ptr::from_ref(self).cast_mut().cast::<c_void>();
        // SAFETY: the handle is open; the pointer stays valid by the caller's promise.
        unsafe { ffi::sqlite3_set_authorizer(connection.handle(), Some(authorize), pointer) };
    }

    /// Starts anew, for the next statement.
    pub(super) fn forget(&self) {
        self.seen.missing.set(TableSet::EMPTY);
        self.seen.touched.set(TableSet::EMPTY);
        self.seen.scratch.set(false);
        self.seen.unusual.set(false);
        self.seen.slow.set(false);
        self.seen.private_write.set(false);
        self.seen.denied.take();
        self.seen.views.take();
        self.seen.triggered.take();
    }

    /// Notes that every table is touched if the statement's first word says so.
    pub(super) fn touch_all_for(&self, word: &str) {
        if matches!(word, "VACUUM" | "REINDEX") {
            self.touch_all();
        }
    }

    /// The tables that `script` names, if it joins by column names: for columns that two tables have
    /// in common (`USING`, `NATURAL`) SQLite asks the authorizer about none of them, so a table of
    /// which nothing else is read would go unseen, and be read as if empty. Asked once for a script
    /// and not for each statement, since it reads all of it.
    pub(super) fn joined(&self, script: &str) -> Joined {
        let parts = || std::iter::once(&self.main).chain(&self.shared);
        let mut joined = Joined { touched: TableSet::EMPTY, missing: TableSet::EMPTY };
        if parts().all(|named| named.absent.is_empty()) {
            return joined;
        }
        let script = script.to_ascii_lowercase();
        if !script.contains("using") && !script.contains("natural") {
            return joined;
        }
        for named in parts() {
            let is_named = |table: &usize| {
                let name = named.catalog.tables[*table].name.to_ascii_lowercase();
                // A quote within a name is written twice: taken for named.
                name.contains('"') || script.contains(&name)
            };
            let found: TableSet = named.all.iter().filter(is_named).collect();
            let absent = found.minus(&found.minus(&named.absent));
            joined.touched = joined.touched.union(&found);
            joined.missing = joined.missing.union(&absent);
        }
        joined
    }

    /// Notes that they are touched.
    pub(super) fn touch_joined(&self, joined: &Joined) {
        let seen = &self.seen;
        seen.touched.set(seen.touched.get().union(&joined.touched));
        seen.missing.set(seen.missing.get().union(&joined.missing));
    }

    /// Notes that every table is touched.
    fn touch_all(&self) {
        for named in std::iter::once(&self.main).chain(&self.shared) {
            let seen = &self.seen;
            seen.touched.set(seen.touched.get().union(&named.all));
            seen.missing.set(seen.missing.get().union(&named.absent));
        }
    }

    /// Whether `name` is a shared table.
    pub(super) fn is_shared(&self, name: &str) -> bool {
        self.shared.as_ref().is_some_and(|shared| shared.find(name).is_some())
    }

    /// The catalog type of a column, where it is one of the catalog's.
    pub(super) fn column_type(
        &self,
        database: &str,
        table: &str,
        column: &str,
    ) -> Option<ColumnType> {
        let named = self.named(database)?;
        let table = &named.catalog.tables[named.find(table)?];
        let found = table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(column));
        found.map(|column| column.column_type)
    }

    /// The tables that can be named, those touched first.
    pub(super) fn tables(&self) -> Vec<&model::Table> {
        let touched = self.seen.touched.get();
        let parts = || std::iter::once(&self.main).chain(&self.shared);
        let of = |wanted: bool| {
            parts().flat_map(move |part| {
                let numbers: Vec<usize> = part.all.iter().collect();
                numbers
                    .into_iter()
                    .filter(move |number| touched.contains(*number) == wanted)
                    .map(|number| &part.catalog.tables[number])
            })
        };
        of(true).chain(of(false)).collect()
    }

    /// Whether `name` is a table of a catalog.
    fn is_catalogs(&self, name: &str) -> bool {
        self.main.find(name).is_some() || self.is_shared(name)
    }

    fn named(&self, database: &str) -> Option<&Named> {
        match database {
            "main" => Some(&self.main),
            "shared" => self.shared.as_ref(),
            _ => None,
        }
    }

    fn touch(&self, database: &str, table: &str) -> Verdict {
        let named = self.named(database);
        let Some((named, number)) = named.and_then(|named| Some((named, named.find(table)?)))
        else {
            // None of the catalog's: a virtual table, say, of which any step may take long.
            self.seen.slow.set(true);
            return Verdict::Allow;
        };
        let this: TableSet = [number].into_iter().collect();
        self.seen.touched.set(self.seen.touched.get().union(&this));
        if !named.absent.contains(number) {
            return Verdict::Allow;
        }
        self.seen.missing.set(self.seen.missing.get().union(&this));
        // At prepare time the rest of the statement shall be seen, too.
        if self.stepping.get() { Verdict::Deny } else { Verdict::Allow }
    }

    fn write(&self, database: &str) -> Verdict {
        self.seen.unusual.set(true);
        match database {
            "main" => self.seen.scratch.set(true),
            "shared" => {
                return self.deny(SHARED_STAY.to_owned());
            }
            _ => self.seen.private_write.set(true),
        }
        Verdict::Allow
    }

    fn deny(&self, why: String) -> Verdict {
        self.seen.denied.borrow_mut().get_or_insert(why);
        Verdict::Deny
    }

    /// Why the list refuses it, whatever the schemas hold.
    fn refused(&self, action: c_int, first: Option<&str>, second: Option<&str>) -> Option<String> {
        let name = first.unwrap_or("");
        sandbox::refused_action(action).or_else(|| match action {
            ffi::SQLITE_READ if !self.is_catalogs(name) => sandbox::refused_table(name),
            ffi::SQLITE_FUNCTION => sandbox::refused_function(second.unwrap_or("")),
            ffi::SQLITE_PRAGMA => sandbox::refused_pragma(name, second),
            ffi::SQLITE_CREATE_VTABLE => sandbox::refused_module(second.unwrap_or("")),
            ffi::SQLITE_ATTACH => sandbox::refused_attach(first),
            _ => None,
        })
    }

    /// One of SQLite's questions: <https://www.sqlite.org/c3ref/c_alter_table.html> lists what the
    /// arguments are.
    fn judge(
        &self,
        action: c_int,
        first: Option<&str>,
        second: Option<&str>,
        database: &str,
    ) -> Verdict {
        let name = first.unwrap_or("");
        match action {
            // For a table of which no column is read, SQLite gives the schema only if the
            // statement does. A temp table of the same name costs a needless load at worst.
            ffi::SQLITE_READ if database.is_empty() => {
                let slow = self.seen.slow.get();
                let verdict = self.touch("main", name).and(|| self.touch("shared", name));
                self.seen.slow.set(slow || !self.is_catalogs(name));
                verdict
            }
            ffi::SQLITE_READ => self.touch(database, name),
            ffi::SQLITE_FUNCTION => {
                if !quick::is_quick(second.unwrap_or("")) {
                    self.seen.slow.set(true);
                }
                Verdict::Allow
            }
            ffi::SQLITE_SELECT | ffi::SQLITE_RECURSIVE => Verdict::Allow,
            ffi::SQLITE_INSERT | ffi::SQLITE_UPDATE | ffi::SQLITE_DELETE => {
                self.write(database).and(|| self.touch(database, name))
            }
            ffi::SQLITE_ANALYZE | ffi::SQLITE_DROP_TABLE => {
                self.write(database).and(|| self.touch(database, name))
            }
            ffi::SQLITE_CREATE_INDEX | ffi::SQLITE_DROP_INDEX | ffi::SQLITE_DROP_TRIGGER => {
                self.write(database).and(|| self.touch(database, second.unwrap_or("")))
            }
            ffi::SQLITE_CREATE_TRIGGER => {
                if database == "main" {
                    self.seen.triggered.borrow_mut().push(second.unwrap_or("").to_owned());
                }
                self.write(database).and(|| self.touch(database, second.unwrap_or("")))
            }
            ffi::SQLITE_CREATE_VIEW => {
                if database == "main" {
                    self.seen.views.borrow_mut().push(name.to_owned());
                }
                self.write(database)
            }
            ffi::SQLITE_ALTER_TABLE => {
                self.write(name).and(|| self.touch(name, second.unwrap_or("")))
            }
            // Asked by CREATE INDEX as well; the statement REINDEX is known by its word.
            ffi::SQLITE_REINDEX => self.write(database),
            ffi::SQLITE_TRANSACTION | ffi::SQLITE_SAVEPOINT => self.write("main"),
            ffi::SQLITE_ATTACH => {
                self.seen.unusual.set(true);
                Verdict::Allow
            }
            ffi::SQLITE_DETACH => {
                self.seen.unusual.set(true);
                if name.eq_ignore_ascii_case("shared") {
                    return self.deny("the shared tables cannot be detached".to_owned());
                }
                Verdict::Allow
            }
            ffi::SQLITE_PRAGMA => self.pragma(name),
            // CREATE and DROP of the rest, temp ones included.
            _ => self.write(if database.is_empty() { "temp" } else { database }),
        }
    }

    fn pragma(&self, name: &str) -> Verdict {
        const WHOLE: &[&str] = &[
            "integrity_check",
            "quick_check",
            "foreign_key_check",
            "optimize",
            "incremental_vacuum",
        ];
        self.seen.unusual.set(true);
        if WHOLE.iter().any(|whole| whole.eq_ignore_ascii_case(name)) {
            self.touch_all();
        }
        Verdict::Allow
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Deny,
}

impl Verdict {
    fn and(self, then: impl FnOnce() -> Verdict) -> Verdict {
        if self == Verdict::Allow { then() } else { self }
    }
}

unsafe extern "C" fn authorize(
    watch: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    database: *const c_char,
    _through: *const c_char,
) -> c_int {
    let verdict = caught(|| {
        // SAFETY: `attach`'s caller keeps the watch; it is only ever borrowed shared.
        let watch = unsafe { &*watch.cast::<Watch>() };
        // SAFETY: each is null or NUL-terminated and stays during the call.
        let (first, second, database) = unsafe { (text(first), text(second), text(database)) };
        match watch.refused(action, first, second) {
            Some(why) => watch.deny(why),
            None => watch.judge(action, first, second, database.unwrap_or("")),
        }
    });
    match verdict {
        Some(Verdict::Allow) => ffi::SQLITE_OK,
        _ => ffi::SQLITE_DENY,
    }
}

/// # Safety
/// `raw` is null or NUL-terminated and stays for `'a`.
unsafe fn text<'a>(raw: *const c_char) -> Option<&'a str> {
    if raw.is_null() {
        return None;
    }
    // SAFETY: the caller's.
    unsafe { CStr::from_ptr(raw) }.to_str().ok()
}
