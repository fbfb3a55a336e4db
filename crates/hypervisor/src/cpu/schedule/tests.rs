//! The schedule by table and by random series, on a simulated clock.

use proptest::prelude::*;

use super::*;

const SPANS: Spans = Spans {
    quantum: Duration::from_millis(5),
    least: Duration::from_millis(1),
    overdue: Duration::from_millis(50),
};

fn tenant(number: usize) -> Option<TenantId> {
    TenantId::parse(&format!("t{number}"), model::TenantKeyType::String).ok()
}

fn at(ms: u64) -> Monotonic {
    Monotonic(ms * 1_000_000)
}

/// One who asks right away.
fn asks(schedule: &mut Schedule, owner: usize, lane: Lane, ms: u64) -> Ticket {
    let ticket = schedule.ticket(tenant(owner), lane);
    schedule.ask(&ticket, at(ms));
    ticket
}

fn waiting(schedule: &Schedule) -> usize {
    schedule.waiting().iter().sum()
}

#[test]
fn free_turns_are_had_at_once_and_kept_while_nobody_waits() {
    let mut schedule = Schedule::new(2, SPANS);
    let first = asks(&mut schedule, 0, Lane::Interactive, 0);
    assert_eq!(schedule.grant(at(0)), [first.number]);
    assert!(schedule.may_go_on(&first, at(1_000)), "nobody waits");
    let second = asks(&mut schedule, 0, Lane::Report, 1_000);
    assert_eq!(schedule.grant(at(1_000)), [second.number]);
    let third = asks(&mut schedule, 1, Lane::Interactive, 1_000);
    assert!(schedule.grant(at(1_000)).is_empty());
    assert_eq!(schedule.waiting(), [1, 0, 0]);
    assert!(schedule.may_go_on(&first, at(1_004)));
    assert!(!schedule.may_go_on(&first, at(1_005)));
    schedule.leave(&first, at(1_005));
    assert_eq!(schedule.grant(at(1_005)), [third.number]);
    assert_eq!(waiting(&schedule), 0);
}

#[test]
fn tenants_are_served_in_turn_whatever_their_number_of_queries() {
    let mut schedule = Schedule::new(1, SPANS);
    let holder = asks(&mut schedule, 9, Lane::Interactive, 0);
    schedule.grant(at(0));
    let crowd: Vec<Ticket> =
        (0..10).map(|_| asks(&mut schedule, 0, Lane::Interactive, 0)).collect();
    let single = asks(&mut schedule, 1, Lane::Interactive, 0);
    schedule.leave(&holder, at(5));
    assert_eq!(schedule.grant(at(5)), [crowd[0].number]);
    schedule.leave(&crowd[0], at(10));
    assert_eq!(schedule.grant(at(10)), [single.number], "before the crowd's second");
}

#[test]
fn a_holder_not_heard_of_is_passed_pays_and_has_to_ask_again() {
    let mut schedule = Schedule::new(1, SPANS);
    let stuck = asks(&mut schedule, 0, Lane::Interactive, 0);
    schedule.grant(at(0));
    let other = asks(&mut schedule, 1, Lane::Interactive, 1);
    let mate = asks(&mut schedule, 0, Lane::Interactive, 1);
    // Counted from when somebody came to wait.
    assert!(schedule.grant(at(50)).is_empty());
    assert_eq!(schedule.grant(at(51)), [other.number]);
    assert!(!schedule.may_go_on(&stuck, at(52)));
    schedule.leave(&stuck, at(52));
    assert!(schedule.may_go_on(&other, at(53)), "leaving took nobody's turn");
    // The 50 ms are its tenant's: the other gets nine more turns before it is even.
    let mut turns = 0;
    let mut now = 56;
    loop {
        schedule.ask(&other, at(now));
        let granted = schedule.grant(at(now));
        turns += 1;
        if granted == [mate.number] {
            break;
        }
        assert_eq!(granted, [other.number]);
        now += 5;
    }
    assert!((9..=11).contains(&turns), "{turns}");
}

#[test]
fn what_is_used_while_nobody_waits_is_free() {
    let mut schedule = Schedule::new(1, SPANS);
    let long = asks(&mut schedule, 0, Lane::Report, 0);
    schedule.grant(at(0));
    let other = asks(&mut schedule, 1, Lane::Report, 1_000);
    assert!(schedule.grant(at(1_000)).is_empty(), "it may look now and then");
    assert!(!schedule.may_go_on(&long, at(1_000)), "it has had more than a turn");
    schedule.ask(&long, at(1_001));
    assert_eq!(schedule.grant(at(1_001)), [other.number]);
    schedule.ask(&other, at(1_006));
    assert_eq!(schedule.grant(at(1_006)), [long.number], "it has nothing to make up for");
}

#[test]
fn who_gives_up_leaves_nothing_behind() {
    let mut schedule = Schedule::new(1, SPANS);
    let tickets: Vec<Ticket> = (0..3).map(|n| asks(&mut schedule, n, Lane::ALL[n], 0)).collect();
    assert_eq!(schedule.grant(at(0)), [tickets[0].number]);
    schedule.leave(&tickets[1], at(1));
    schedule.leave(&tickets[0], at(1));
    assert_eq!(schedule.grant(at(1)), [tickets[2].number]);
    schedule.leave(&tickets[2], at(1));
    assert!(schedule.holders.is_empty() && schedule.lines.is_empty());
}

/// Who got how many of `turns` turns, if each of `who` always wants one and uses all of it.
fn shares(who: &[(usize, Lane)], turns: usize) -> Vec<usize> {
    let mut schedule = Schedule::new(1, SPANS);
    let tickets: Vec<Ticket> =
        who.iter().map(|(owner, lane)| asks(&mut schedule, *owner, *lane, 0)).collect();
    let mut had = vec![0; who.len()];
    for turn in 0..turns as u64 {
        let granted = schedule.grant(at(turn * 5));
        assert_eq!(granted.len(), 1);
        let place = tickets.iter().position(|ticket| ticket.number == granted[0]).unwrap();
        had[place] += 1;
        assert!(!schedule.may_go_on(&tickets[place], at(turn * 5 + 5)) || who.len() == 1);
        schedule.ask(&tickets[place], at(turn * 5 + 5));
    }
    had
}

#[test]
fn turns_are_shared_by_tenant_then_by_lane() {
    use Lane::{Boot, Interactive, Report};
    type Case<'a> = (&'a [(usize, Lane)], &'a [usize]);
    let cases: &[Case<'_>] = &[
        (&[(0, Interactive), (1, Interactive)], &[350, 350]),
        (&[(0, Interactive), (1, Report)], &[560, 140]),
        (&[(0, Interactive), (1, Boot)], &[467, 233]),
        (&[(0, Boot), (1, Report)], &[467, 233]),
        // Within one tenant by the same weights.
        (&[(0, Interactive), (0, Report)], &[560, 140]),
        (&[(0, Interactive), (0, Boot), (0, Report)], &[400, 200, 100]),
        // However many one has: its three share what the other has alone.
        (
            &[(0, Interactive), (0, Interactive), (0, Interactive), (1, Interactive)],
            &[117, 117, 116, 350],
        ),
        // A tenant's reports are at the cost of its own clicks, not of another's.
        (&[(0, Interactive), (0, Report), (1, Interactive)], &[215, 54, 431]),
    ];
    for (who, wanted) in cases {
        let had = shares(who, wanted.iter().sum());
        for (had, wanted) in had.iter().zip(*wanted) {
            assert!(had.abs_diff(*wanted) <= 3, "{who:?}: {had:?} for {wanted:?}");
        }
    }
}

#[test]
fn time_is_shared_not_turns() {
    let mut schedule = Schedule::new(1, SPANS);
    // One uses 2 ms of each turn, the other sits in steps of 20 ms.
    let uses = [2, 20];
    let tickets = [0, 1].map(|n| asks(&mut schedule, n, Lane::Interactive, 0));
    let (mut now, mut used) = (0, [0, 0]);
    for _ in 0..1_000 {
        let granted = schedule.grant(at(now));
        let place = usize::from(granted == [tickets[1].number]);
        now += uses[place];
        used[place] += uses[place];
        schedule.ask(&tickets[place], at(now));
    }
    assert!(used[0].abs_diff(used[1]) <= 40, "{used:?}");
}

#[test]
fn no_stream_of_newcomers_passes_one_who_waits() {
    for lane in Lane::ALL {
        let mut schedule = Schedule::new(1, SPANS);
        let mut tickets: Vec<Ticket> = Vec::new();
        let patient = asks(&mut schedule, 0, *lane, 0);
        let mut passed = 0;
        // There are always three tenants never seen before, each with one short query.
        loop {
            let now = passed * 2;
            while waiting(&schedule) < 4 {
                let newcomer = asks(&mut schedule, 1 + tickets.len(), Lane::Interactive, now);
                tickets.push(newcomer);
            }
            let granted = schedule.grant(at(now));
            if granted == [patient.number] {
                break;
            }
            passed += 1;
            // Four turns of an interactive one cost one of a report.
            assert!(passed <= 3 * 4, "{lane:?}: {passed} newcomers went first");
            let holder = tickets.iter().find(|ticket| granted == [ticket.number]).unwrap();
            schedule.leave(holder, at(now + 2));
        }
    }
}

/// Work to do: whose, for what, for how many milliseconds, and after how many it comes.
type Job = (usize, usize, u64, u64);

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Jobs come and go for a long time, each turn is used for up to a quantum. No turn lies idle
    /// while somebody waits; all jobs end; and nobody waits for long. The bound: when one has `ahead`
    /// in its own line of `tenants` tenants, its tenant's turns until its own cost at most three
    /// lanes times `ahead + 2` turns of the dearest lane (four quanta each), and each other tenant may
    /// use as much meanwhile, and one turn more. So it waits for
    /// `(tenants + 1) * (12 * (ahead + 2) + 8)` quanta at most, divided among the turns.
    #[test]
    fn nobody_starves(
        turns in 1usize..4,
        jobs in prop::collection::vec((0usize..6, 0usize..3, 1u64..60, 0u64..25), 200..600),
    ) {
        let mut world = World::new(turns, jobs);
        while world.step()? {}
        prop_assert_eq!(waiting(&world.schedule), 0);
        prop_assert!(world.schedule.lines.is_empty() && world.schedule.holders.is_empty());
    }
}

struct Running {
    ticket: Ticket,
    left: u64,
    /// When it asked, and its bound in quanta.
    asked: Option<(u64, u64)>,
    began: u64,
}

struct World {
    schedule: Schedule,
    turns: usize,
    jobs: std::vec::IntoIter<Job>,
    next: Option<(u64, Job)>,
    all: Vec<Running>,
    now: u64,
}

impl World {
    fn new(turns: usize, jobs: Vec<Job>) -> World {
        let mut jobs = jobs.into_iter();
        let next = jobs.next().map(|job| (job.3, job));
        let schedule = Schedule::new(turns, SPANS);
        World { schedule, turns, jobs, next, all: Vec::new(), now: 0 }
    }

    /// What one who asks now may wait for.
    fn bound(&self, ticket: &Ticket) -> u64 {
        let tenants: std::collections::HashSet<_> =
            self.all.iter().map(|one| one.ticket.owner.clone()).collect();
        let ahead = self.all.iter().filter(|one| one.ticket.owner == ticket.owner).count();
        // Tenants that come later start at the level served last, so they count as one generation.
        (tenants.len().max(6) as u64 + 1) * (12 * (ahead as u64 + 2) + 8)
    }

    fn ask(&mut self, place: usize) {
        let ticket = self.all[place].ticket.clone();
        let bound = self.bound(&ticket);
        self.schedule.ask(&ticket, at(self.now));
        self.all[place].asked = Some((self.now, bound));
    }

    /// One millisecond; `false`: all is done.
    fn step(&mut self) -> Result<bool, TestCaseError> {
        while let Some((when, (owner, lane, left, _))) = self.next.filter(|next| next.0 <= self.now)
        {
            let ticket = self.schedule.ticket(tenant(owner), Lane::ALL[lane]);
            self.all.push(Running { ticket, left, asked: None, began: 0 });
            self.ask(self.all.len() - 1);
            self.next = self.jobs.next().map(|job| (when + job.3, job));
        }
        for number in self.schedule.grant(at(self.now)) {
            let place = self.all.iter().position(|one| one.ticket.number == number).unwrap();
            let one = &mut self.all[place];
            let (since, bound) = one.asked.take().expect("it asked");
            let waited = (self.now - since) * self.turns as u64;
            prop_assert!(waited <= bound * 5, "{} ms of turns beyond {bound} quanta", waited);
            one.began = self.now;
        }
        let running = self.all.iter().filter(|one| one.asked.is_none()).count();
        prop_assert!(running <= self.turns);
        prop_assert!(running == self.turns || waiting(&self.schedule) == 0, "a turn lies idle");
        self.now += 1;
        for place in (0..self.all.len()).rev() {
            let one = &mut self.all[place];
            if one.asked.is_some() {
                continue;
            }
            one.left -= 1;
            let ticket = one.ticket.clone();
            if one.left == 0 {
                self.schedule.leave(&ticket, at(self.now));
                self.all.swap_remove(place);
            } else if !self.schedule.may_go_on(&ticket, at(self.now)) {
                prop_assert!(self.now - self.all[place].began >= 5);
                self.ask(place);
            }
        }
        Ok(self.next.is_some() || !self.all.is_empty())
    }
}
