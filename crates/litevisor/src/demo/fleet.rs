//! Who the demo's customers are, how large each is, and which devices they have: what the
//! documents are made from.

use model::Timestamp;

use super::random::{ObjectIds, Random};

pub(super) const DAY_MS: i64 = 86_400_000;

/// When the dump was "taken": 2026-06-30T00:00:00Z.
pub(super) const TAKEN: Timestamp = Timestamp(1_782_777_600_000);

/// Documents of the largest customer. Each next one has [`SHRINK_PERCENT`] of it.
pub(super) const LARGEST: u32 = 200_000;
const SHRINK_PERCENT: u32 = 72;
/// Documents of the smallest customers.
const SMALLEST: u32 = 8;

/// Id, name, country, time zone, largest first.
pub(super) const CUSTOMERS: [(&str, &str, &str, &str); 40] = [
    ("lindqvist-logistics", "Lindqvist Logistics AB", "SE", "Europe/Stockholm"),
    ("harbor-health", "Harbor Health Partners", "US", "America/New_York"),
    ("stadtwerke-ilmtal", "Stadtwerke Ilmtal GmbH", "DE", "Europe/Berlin"),
    ("northgate-clinics", "Northgate Clinics", "GB", "Europe/London"),
    ("van-houten-notarissen", "Van Houten Notarissen", "NL", "Europe/Amsterdam"),
    ("pacific-crest-schools", "Pacific Crest School District", "US", "America/Los_Angeles"),
    ("moreau-assurances", "Moreau Assurances SA", "FR", "Europe/Paris"),
    ("kestrel-aerospace", "Kestrel Aerospace Ltd", "GB", "Europe/London"),
    ("banco-del-sur", "Banco del Sur", "AR", "America/Argentina/Buenos_Aires"),
    ("tanaka-seimitsu", "Tanaka Seimitsu K.K.", "JP", "Asia/Tokyo"),
    ("aurora-university", "Aurora University", "CA", "America/Toronto"),
    ("bergmann-druck", "Bergmann Druck & Medien", "DE", "Europe/Berlin"),
    ("cape-litigation", "Cape Litigation Inc.", "ZA", "Africa/Johannesburg"),
    ("dublin-port-agents", "Dublin Port Agents", "IE", "Europe/Dublin"),
    ("evergreen-hotels", "Evergreen Hotels", "US", "America/Denver"),
    ("finch-and-sons", "Finch & Sons Surveyors", "GB", "Europe/London"),
    ("gemeente-waterland", "Gemeente Waterland", "NL", "Europe/Amsterdam"),
    ("helvetia-treuhand", "Helvetia Treuhand AG", "CH", "Europe/Zurich"),
    ("iberia-farma", "Iberia Farma S.L.", "ES", "Europe/Madrid"),
    ("jyvaskyla-kirjasto", "Jyväskylän kirjasto", "FI", "Europe/Helsinki"),
    ("kowalski-biuro", "Kowalski Biuro Rachunkowe", "PL", "Europe/Warsaw"),
    ("lago-turismo", "Lago Turismo", "IT", "Europe/Rome"),
    ("maple-dental", "Maple Dental Group", "CA", "America/Vancouver"),
    ("nordlys-arkitekter", "Nordlys Arkitekter AS", "NO", "Europe/Oslo"),
    ("oberland-kanzlei", "Oberland Kanzlei", "AT", "Europe/Vienna"),
    ("pemberton-estates", "Pemberton Estates", "AU", "Australia/Sydney"),
    ("quinta-do-vale", "Quinta do Vale", "PT", "Europe/Lisbon"),
    ("riverbend-library", "Riverbend Public Library", "US", "America/Chicago"),
    ("sorensen-revision", "Sørensen Revision", "DK", "Europe/Copenhagen"),
    ("tallinn-notar", "Tallinna Notaribüroo", "EE", "Europe/Tallinn"),
    ("umbria-ceramiche", "Umbria Ceramiche", "IT", "Europe/Rome"),
    ("vltava-reality", "Vltava Reality s.r.o.", "CZ", "Europe/Prague"),
    ("westerly-vets", "Westerly Veterinary", "NZ", "Pacific/Auckland"),
    ("xanthos-travel", "Xanthos Travel", "GR", "Europe/Athens"),
    ("yarra-physio", "Yarra Physio", "AU", "Australia/Melbourne"),
    ("zagreb-dizajn", "Zagreb Dizajn", "HR", "Europe/Zagreb"),
    ("acme", "Acme Print Trial", "US", "America/Phoenix"),
    ("bluebird-cafe", "Bluebird Café", "FR", "Europe/Paris"),
    ("corner-bookshop", "Corner Bookshop", "GB", "Europe/London"),
    ("demo-sandbox", "Demo Sandbox", "US", "Etc/UTC"),
];

/// Id, maker, name, whether it prints color, pages a minute.
pub(super) const MODELS: [(&str, &str, &str, bool, i32); 12] = [
    ("kx-220", "Kurasawa", "KX 220", false, 22),
    ("kx-450", "Kurasawa", "KX 450", false, 45),
    ("kx-c380", "Kurasawa", "KX C380", true, 38),
    ("kx-c610", "Kurasawa", "KX C610 MFP", true, 61),
    ("ol-31", "Oldenburg", "OL 31", false, 31),
    ("ol-55dn", "Oldenburg", "OL 55 DN", false, 55),
    ("ol-c40", "Oldenburg", "OL C40 MFP", true, 40),
    ("br-1200", "Brightline", "1200 Desk", false, 20),
    ("br-c2400", "Brightline", "2400 Color", true, 24),
    ("br-c5000", "Brightline", "5000 Production", true, 90),
    ("tv-30", "Tamsin Vale", "TV 30 Label", false, 30),
    ("tv-c75", "Tamsin Vale", "TV C75 MFP", true, 75),
];

/// How many documents of each kind a customer has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    pub(super) users: u32,
    pub(super) sites: u32,
    pub(super) devices: u32,
    pub(super) alerts: u32,
    pub(super) tickets: u32,
    pub(super) reads: u32,
}

impl Counts {
    /// Splits so many documents; one of them is the customer's own.
    fn of(documents: u32) -> Counts {
        let devices = (documents / 100).max(1);
        let sites = (devices / 40).max(1);
        let users = (devices / 20).clamp(1, 50);
        let alerts = documents / 25;
        let tickets = documents / 100;
        let reads = documents - 1 - users - sites - devices - alerts - tickets;
        Counts { users, sites, devices, alerts, tickets, reads }
    }
}

pub(super) struct Device {
    pub(super) id: [u8; 12],
    pub(super) site: usize,
    pub(super) model: usize,
    pub(super) installed: Timestamp,
    pub(super) offline: bool,
    /// Meter reads it has.
    pub(super) reads: u32,
    /// Pages a week.
    pub(super) weekly_mono: u32,
    pub(super) weekly_color: u32,
    /// Counters at the read at hand.
    pub(super) mono: i64,
    pub(super) color: i64,
}

pub(super) struct Customer {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) country: &'static str,
    pub(super) zone: &'static str,
    pub(super) documents: u32,
    pub(super) counts: Counts,
    pub(super) sites: Vec<[u8; 12]>,
    pub(super) devices: Vec<Device>,
}

/// All customers, the largest with about so many documents.
pub(super) fn customers(largest: u32, random: &mut Random) -> Vec<Customer> {
    let mut ids = ObjectIds::new(random);
    let mut documents = largest;
    CUSTOMERS
        .iter()
        .map(|(id, name, country, zone)| {
            let size = documents.max(SMALLEST);
            documents =
                u32::try_from(u64::from(documents) * u64::from(SHRINK_PERCENT) / 100).unwrap_or(0);
            let counts = Counts::of(size);
            let sites = (0..counts.sites).map(|_| ids.at(years_before(random, 6))).collect();
            let devices = (0..counts.devices)
                .map(|number| device(number, &counts, &mut ids, random))
                .collect();
            Customer { id, name, country, zone, documents: size, counts, sites, devices }
        })
        .collect()
}

fn device(number: u32, counts: &Counts, ids: &mut ObjectIds, random: &mut Random) -> Device {
    let installed = years_before(random, 6);
    let model = random.below(MODELS.len() as u32) as usize;
    let speed = MODELS[model].4.unsigned_abs();
    let color = if MODELS[model].3 { speed * random.between(2, 12) } else { 0 };
    Device {
        id: ids.at(installed),
        site: random.below(counts.sites) as usize,
        model,
        installed,
        offline: random.one_in(20),
        reads: counts.reads / counts.devices + u32::from(number < counts.reads % counts.devices),
        weekly_mono: speed * random.between(5, 40),
        weekly_color: color,
        mono: i64::from(random.below(90_000)),
        color: i64::from(if color > 0 { random.below(30_000) } else { 0 }),
    }
}

/// Some time in the years before the dump, at a whole second.
pub(super) fn years_before(random: &mut Random, years: u32) -> Timestamp {
    let seconds = i64::from(random.between(86_400 * 30, years * 365 * 86_400));
    Timestamp(TAKEN.0 - seconds * 1000)
}
