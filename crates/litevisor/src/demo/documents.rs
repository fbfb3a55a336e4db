//! The demo's documents, collection by collection, with what real data have: nested fields,
//! arrays, decimals, missing fields, and now and then a value of another type.

use std::io;

use model::Timestamp;
use source::dump::write::{CollectionWriter, DocumentBuilder};

use super::fleet::{Customer, DAY_MS, Device, MODELS, TAKEN, years_before};
use super::random::{ObjectIds, Random};

const WEEK_MS: i64 = 7 * DAY_MS;
/// Weeks that a silent device's last read lies back.
const SILENT_WEEKS: i64 = 5;

const CITIES: [&str; 8] =
    ["Ashford", "Bellmouth", "Carrick", "Dunmore", "Eastvale", "Fairhaven", "Grünau", "Hällefors"];
const ROOMS: [&str; 6] = ["reception", "archive", "copy room", "ward", "office", "warehouse"];
const TAGS: [&str; 6] = ["finance", "lobby", "confidential", "pool", "leased", "labels"];
const FAULTS: [(&str, &str, &str); 6] = [
    ("toner_low", "info", "Toner below 10 %"),
    ("paper_jam", "warning", "Paper jam in tray 2"),
    ("cover_open", "info", "Front cover open"),
    ("fuser_life", "warning", "Fuser near the end of its life"),
    ("offline", "critical", "Device does not answer"),
    ("waste_full", "warning", "Waste toner box full"),
];
const SUBJECTS: [&str; 6] = [
    "Streaks on every page",
    "Scan to mail fails, \"550 relay denied\"",
    "Replace fuser",
    "Jams, tray 2",
    "Cannot print from VLAN 30",
    "Lärm beim Einzug",
];

/// What every writer of a collection is given.
pub(super) struct Pen<'a> {
    pub(super) out: &'a mut CollectionWriter,
    pub(super) document: &'a mut DocumentBuilder,
    pub(super) random: &'a mut Random,
    pub(super) ids: &'a mut ObjectIds,
    pub(super) tick: &'a mut dyn FnMut(),
}

impl Pen<'_> {
    fn put(&mut self) -> io::Result<()> {
        (self.tick)();
        self.out.append(self.document.finish())
    }
}

pub(super) fn models(pen: &mut Pen<'_>) -> io::Result<()> {
    for (id, maker, name, color, speed) in MODELS {
        pen.document
            .begin()
            .text("_id", id)
            .text("maker", maker)
            .text("name", name)
            .boolean("color", color)
            .int32("pagesPerMinute", speed);
        pen.put()?;
    }
    Ok(())
}

pub(super) fn customer(pen: &mut Pen<'_>, customer: &Customer) -> io::Result<()> {
    let started = years_before(pen.random, 8);
    let plan = pen.random.word(&["starter", "business", "enterprise"]);
    let price = i64::from(pen.random.between(55, 140));
    let document = pen.document.begin();
    document
        .text("_id", customer.id)
        .text("name", customer.name)
        .text("country", customer.country)
        .text("timezone", customer.zone)
        .text("plan", plan)
        .datetime("createdAt", started);
    document
        .begin_document("contract")
        .text("number", &format!("C-{}", pen.random.between(10_000, 99_999)))
        .decimal("pagePriceMono", price, 4)
        .decimal("pagePriceColor", price * 6, 4)
        .end();
    document
        .begin_document("billing")
        .text("email", &format!("accounts@{}.example", customer.id))
        .text("iban", &format!("XX{}", pen.random.between(10_000_000, 99_999_999)))
        .end();
    pen.put()
}

pub(super) fn users(pen: &mut Pen<'_>, customer: &Customer) -> io::Result<()> {
    for number in 0..customer.counts.users {
        let created = years_before(pen.random, 5);
        let id = pen.ids.at(created);
        let hash = pen.random.hex(40);
        let role = if number == 0 { "admin" } else { pen.random.word(&["viewer", "technician"]) };
        let document = pen.document.begin();
        document
            .object_id("_id", id)
            .text("customerId", customer.id)
            .text("email", &format!("user{number}@{}.example", customer.id))
            .text("role", role)
            .text("passwordHash", &format!("$2b$12${hash}"));
        if !pen.random.one_in(4) {
            let days = i64::from(pen.random.below(60));
            pen.document.datetime("lastLoginAt", Timestamp(TAKEN.0 - days * DAY_MS));
        }
        pen.put()?;
    }
    Ok(())
}

pub(super) fn sites(pen: &mut Pen<'_>, customer: &Customer) -> io::Result<()> {
    for (number, id) in customer.sites.iter().enumerate() {
        let city = pen.random.word(&CITIES);
        let latitude = f64::from(pen.random.between(36_000, 62_000)) / 1000.0;
        let longitude = f64::from(pen.random.between(0, 30_000)) / 1000.0;
        let document = pen.document.begin();
        document
            .object_id("_id", *id)
            .text("customerId", customer.id)
            .text("name", &format!("{city} {}", number + 1));
        document
            .begin_document("address")
            .text("street", &format!("{} Station Road", pen.random.between(1, 240)))
            .text("city", city)
            .text("country", customer.country)
            .end();
        document
            .begin_document("location")
            .text("type", "Point")
            .begin_array("coordinates")
            .double("", longitude)
            .double("", latitude)
            .end()
            .end();
        pen.put()?;
    }
    Ok(())
}

pub(super) fn devices(pen: &mut Pen<'_>, customer: &Customer) -> io::Result<()> {
    for (number, device) in customer.devices.iter().enumerate() {
        let status = match pen.random.below(10) {
            _ if device.offline => "offline",
            0 => "warning",
            _ => "online",
        };
        let document = pen.document.begin();
        document
            .object_id("_id", device.id)
            .text("customerId", customer.id)
            .object_id("siteId", customer.sites[device.site])
            .text("modelId", MODELS[device.model].0);
        // Serial numbers that were imported from a spreadsheet lost their zeros.
        match pen.random.between(100_000, 9_999_999) {
            serial if pen.random.one_in(500) => document.int32("serial", serial.cast_signed()),
            serial => document.text("serial", &format!("{serial:010}")),
        };
        document
            .text("hostname", &format!("prn-{}-{number:04}", customer.country.to_lowercase()))
            .text("status", status);
        document
            .begin_document("location")
            .text("city", CITIES[device.site % CITIES.len()])
            .int32("floor", pen.random.below(12).cast_signed() - 1)
            .text("room", pen.random.word(&ROOMS))
            .end();
        match device.installed {
            at if pen.random.one_in(300) => document.text("installedAt", &at.to_string()[..10]),
            at => document.datetime("installedAt", at),
        };
        let price = i64::from(pen.random.between(18_000, 940_000));
        document.decimal("purchasePrice", price, 2);
        supplies(pen, device);
        pen.document.begin_array("tags");
        for tag in TAGS {
            if pen.random.one_in(4) {
                pen.document.text("", tag);
            }
        }
        pen.document.end();
        pen.put()?;
    }
    Ok(())
}

fn supplies(pen: &mut Pen<'_>, device: &Device) {
    let colors: &[&str] =
        if MODELS[device.model].3 { &["black", "cyan", "magenta", "yellow"] } else { &["black"] };
    pen.document.begin_array("supplies");
    for color in colors {
        pen.document.begin_document("").text("color", color);
        match pen.random.below(101) {
            // What a device says that cannot measure.
            _ if pen.random.one_in(400) => pen.document.text("level", "low"),
            level => pen.document.int32("level", level.cast_signed()),
        };
        let days = i64::from(pen.random.below(300));
        pen.document.datetime("changedAt", Timestamp(TAKEN.0 - days * DAY_MS)).end();
    }
    pen.document.end();
}

/// All customers' reads, week by week and within a week customer by customer: the order in which
/// collectors deliver them.
pub(super) fn meter_reads(pen: &mut Pen<'_>, customers: &mut [Customer]) -> io::Result<()> {
    let devices = customers.iter().flat_map(|customer| &customer.devices);
    let weeks = devices.map(|device| device.reads).max().unwrap_or(0);
    for week in (0..weeks).rev() {
        for customer in customers.iter_mut() {
            for device in customer.devices.iter_mut().filter(|device| week < device.reads) {
                meter_read(pen, customer.id, device, i64::from(week))?;
            }
        }
    }
    Ok(())
}

fn meter_read(pen: &mut Pen<'_>, customer: &str, device: &mut Device, week: i64) -> io::Result<()> {
    let week = week + if device.offline { SILENT_WEEKS } else { 0 };
    let minute = i64::from(pen.random.below(24 * 60)) * 60_000;
    let at = Timestamp(TAKEN.0 - (week + 1) * WEEK_MS + minute);
    device.mono += i64::from(pen.random.below(device.weekly_mono * 2 + 1));
    device.color += i64::from(pen.random.below(device.weekly_color * 2 + 1));
    let document = pen.document.begin();
    document
        .object_id("_id", pen.ids.at(at))
        .text("customerId", customer)
        .object_id("deviceId", device.id)
        .datetime("readAt", at);
    match pen.random.below(20_000) {
        0 => document.text("mono", &format!("{:09}", device.mono)),
        1..4 => document.double("mono", device.mono as f64),
        _ => document.int64("mono", device.mono),
    };
    if device.weekly_color > 0 {
        document.int64("color", device.color);
    }
    pen.put()
}

pub(super) fn alerts(pen: &mut Pen<'_>, customer: &Customer) -> io::Result<()> {
    for _ in 0..customer.counts.alerts {
        let device = pen.random.pick(&customer.devices);
        let (code, severity, message) = *pen.random.pick(&FAULTS);
        let raised = Timestamp(TAKEN.0 - i64::from(pen.random.between(1, 86_400 * 400)) * 1000);
        let document = pen.document.begin();
        document
            .object_id("_id", pen.ids.at(raised))
            .text("customerId", customer.id)
            .object_id("deviceId", device.id)
            .text("code", code)
            .text("severity", severity)
            .datetime("raisedAt", raised);
        document
            .begin_document("details")
            .text("message", message)
            .int32("count", pen.random.between(1, 9).cast_signed())
            .end();
        let minutes = i64::from(pen.random.between(3, 6_000));
        let cleared = Timestamp(raised.0 + minutes * 60_000);
        if cleared <= TAKEN {
            pen.document.datetime("clearedAt", cleared);
        } else {
            pen.document.null("clearedAt");
        }
        pen.put()?;
    }
    Ok(())
}

pub(super) fn tickets(pen: &mut Pen<'_>, customer: &Customer) -> io::Result<()> {
    for number in 0..customer.counts.tickets {
        let device = pen.random.pick(&customer.devices);
        let opened = Timestamp(TAKEN.0 - i64::from(pen.random.between(1, 86_400 * 700)) * 1000);
        let closed = Timestamp(opened.0 + i64::from(pen.random.between(1, 400)) * 3_600_000);
        let open = closed > TAKEN;
        let document = pen.document.begin();
        document
            .text("_id", &format!("T-{}-{number:05}", pen.random.hex(6)))
            .text("customerId", customer.id)
            .object_id("deviceId", device.id)
            .text("subject", pen.random.word(&SUBJECTS))
            .text("status", if open { "open" } else { "closed" })
            .int32("priority", pen.random.between(1, 4).cast_signed())
            .datetime("openedAt", opened);
        if !open {
            document
                .datetime("closedAt", closed)
                .int32("minutesWorked", pen.random.between(5, 600).cast_signed())
                .decimal("partsCost", i64::from(pen.random.below(40_000)), 2);
        }
        document.begin_array("comments");
        for _ in 0..pen.random.below(4) {
            let hours = i64::from(pen.random.below(48));
            pen.document
                .begin_document("")
                .datetime("at", Timestamp((opened.0 + hours * 3_600_000).min(TAKEN.0)))
                .text("author", pen.random.word(&["technician", "customer", "dispatcher"]))
                .text("text", pen.random.word(&["Part ordered.", "Still there!", "Visit planned."]))
                .end();
        }
        pen.document.end();
        pen.put()?;
    }
    Ok(())
}
