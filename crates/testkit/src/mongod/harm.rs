//! What a test may do to a server of its own: take its primacy, its process, its password, its
//! good will.

use std::io::{BufRead, BufReader, Write};

use bson::{Bson, Document, doc};

use super::{ChaosProxy, Mongod, on_a_runtime};

/// How a server refuses a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// With this code of MongoDB's error_codes.yml.
    Code(i32),
    /// By closing the connection without a word.
    HangUp,
}

impl Mongod {
    /// Refuses `command` so many times, or for good; instead of what was refused before.
    ///
    /// # Panics
    /// If the server was not started as [`super::Kind::Refusing`].
    pub fn refuse(&self, command: &str, refusal: Refusal, times: Option<u32>) {
        let mode = match times {
            Some(times) => Bson::from(doc! {"times": times}),
            None => Bson::from("alwaysOn"),
        };
        let mut data = doc! {"failCommands": [command]};
        match refusal {
            Refusal::Code(code) => data.insert("errorCode", code),
            Refusal::HangUp => data.insert("closeConnection", true),
        };
        self.order(doc! {"configureFailPoint": "failCommand", "mode": mode, "data": data});
    }

    /// Refuses nothing any more.
    ///
    /// # Panics
    /// As [`Mongod::refuse`].
    pub fn refuse_nothing(&self) {
        self.order(doc! {"configureFailPoint": "failCommand", "mode": "off"});
    }

    /// Makes the replica set known under the proxy's address: a driver that is given the set's name,
    /// and so finds its members by itself, comes through the proxy, too. The string to give it.
    ///
    /// # Panics
    /// If the server was not started as a replica set, or refuses.
    pub fn moved_behind(&self, proxy: &ChaosProxy) -> String {
        let member = doc! {"_id": 0, "host": proxy.address()};
        // Far above whatever the server counted so far.
        let config = doc! {"_id": "rs0", "version": 1000, "members": [member]};
        self.order(doc! {"replSetReconfig": config, "force": true});
        format!("mongodb://{}/?replicaSet=rs0", proxy.address())
    }

    /// The primary steps down; as the only member it is elected again a second later.
    ///
    /// # Panics
    /// If it was not the primary.
    pub fn step_down(&self) {
        let seconds = 1;
        self.order(
            doc! {"replSetStepDown": seconds, "secondaryCatchUpPeriodSecs": 0, "force": true},
        );
    }

    /// Gives the user `boss` another password.
    ///
    /// # Panics
    /// If the server was not started with users, or refuses.
    pub fn set_password(&self, password: &str) {
        self.order(doc! {"updateUser": "boss", "pwd": password});
    }

    /// Ends the server's process as a power cut does: nothing is flushed, nobody is told.
    ///
    /// # Panics
    /// If the server was given by `TEST_MONGODB_URI`.
    pub fn kill(&mut self) {
        self.tell_watchdog("kill");
    }

    /// Ends the server's process as its operator does: it tells who is connected, and flushes.
    ///
    /// # Panics
    /// If the server was given by `TEST_MONGODB_URI`.
    pub fn stop(&mut self) {
        self.tell_watchdog("stop");
    }

    /// Starts an ended server again: same port, same data. It answers some time later.
    ///
    /// # Panics
    /// If the server was given by `TEST_MONGODB_URI`.
    pub fn start_again(&mut self) {
        self.tell_watchdog("start");
    }

    fn tell_watchdog(&mut self, order: &str) {
        let watchdog = self.watchdog.as_mut().expect("a server of our own");
        let orders = watchdog.stdin.as_mut().expect("piped");
        orders.write_all(format!("{order}\n").as_bytes()).expect("the watchdog lives");
        let mut said = String::new();
        // It says one line per order, so the reader takes nothing of a later one.
        let mut reader = BufReader::new(watchdog.stdout.as_mut().expect("piped"));
        reader.read_line(&mut said).expect("the watchdog's word");
        assert_eq!(said.trim(), order);
    }

    /// Runs a command on the database `admin`, past any proxy.
    fn order(&self, command: Document) {
        let options = match self.uri.split_once('@') {
            Some((user, _)) => format!("{user}@{}/?directConnection=true", self.address()),
            None => format!("mongodb://{}/?directConnection=true", self.address()),
        };
        let done = on_a_runtime(async move {
            let client = mongodb::Client::with_uri_str(options).await?;
            client.database("admin").run_command(command).await.map(|_| ())
        });
        done.expect("the server does as it is told");
    }
}
