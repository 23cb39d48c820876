//! Pages of a list follow each other without gap or double, also while the list changes under them.

use std::collections::BTreeMap;

use api::handoff::v1 as pb;
use pb::{HandoffOrder, HistoricEventKind as Kind, ListHandoffsRequest};
use tonic::Code;

use crate::{
    history::{later, record},
    person::Person,
    requests::{inbox, on},
    world::World,
};

const RECORDS: i64 = 30;

async fn thirty(world: &World) {
    let records = (0..RECORDS).map(|number| {
        // Several of the same minute, and of the same urgency.
        let priority = i32::try_from(number % 4).unwrap() + 1;
        let record = record(&format!("{number:02}"), &[Kind::Submitted]);
        later(number / 3, pb::HistoricHandoff { priority, ..record })
    });
    assert_eq!(world.importer.import(records.collect()).await.unwrap().created, RECORDS);
}

/// Reads page by page; `between` gets what each page showed. How often each title was shown.
async fn read(
    person: &Person,
    mut request: ListHandoffsRequest,
    mut between: impl AsyncFnMut(&[pb::HandoffLine]),
) -> BTreeMap<String, usize> {
    let mut shown = BTreeMap::new();
    loop {
        let page = person.list(request.clone()).await.unwrap();
        for line in &page.handoffs {
            *shown.entry(line.title.clone()).or_default() += 1;
        }
        between(&page.handoffs).await;
        if page.next_page_token.is_empty() {
            return shown;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_on_one_page_in_every_order() {
    let world = World::new().await;
    thirty(&world).await;
    let orders = [
        HandoffOrder::Updated,
        HandoffOrder::Newest,
        HandoffOrder::Recent,
        HandoffOrder::Oldest,
        HandoffOrder::Priority,
        HandoffOrder::DeliverBy,
        HandoffOrder::Due,
    ];
    for order in orders {
        for page_size in [1, 7, 29, 30, 31] {
            let request = ListHandoffsRequest { order: order.into(), page_size, ..inbox("implementation") };
            let shown = read(&world.otto, request, async |_| ()).await;
            assert_eq!(shown.len(), 30, "{order:?} by {page_size}");
            assert!(shown.values().all(|times| *times == 1), "{order:?} by {page_size}: {shown:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_several_states_is_one_list_in_one_order() {
    let world = World::new().await;
    thirty(&world).await;
    let all = world.otto.list(ListHandoffsRequest { page_size: 30, ..Default::default() }).await.unwrap().handoffs;
    for line in all.iter().step_by(2) {
        world.ivan.accept(on(&world.otto.get(&line.id).await.unwrap())).await.unwrap();
        world.pass_seconds(1);
    }
    let states = [pb::HandoffState::Accepted, pb::HandoffState::Submitted, pb::HandoffState::Accepted];
    let states: Vec<i32> = states.map(Into::into).into();
    for order in [HandoffOrder::Updated, HandoffOrder::Recent, HandoffOrder::Newest] {
        let whole = |states: &[i32]| ListHandoffsRequest {
            order: order.into(),
            page_size: 30,
            states: states.to_vec(),
            ..Default::default()
        };
        let of_states = world.otto.list(whole(&states)).await.unwrap().handoffs;
        assert_eq!(of_states, world.otto.list(whole(&[])).await.unwrap().handoffs, "{order:?}");
        let shown = read(&world.otto, ListHandoffsRequest { page_size: 4, ..whole(&states) }, async |_| ()).await;
        assert!(shown.len() == 30 && shown.values().all(|times| *times == 1), "{order:?}: {shown:?}");
        let accepted = world.otto.list(whole(&states[..1])).await.unwrap().handoffs;
        assert_eq!(accepted.len(), 15, "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_change_or_come_while_pages_are_read_displace_no_other() {
    for order in [HandoffOrder::Updated, HandoffOrder::Newest] {
        let world = World::new().await;
        thirty(&world).await;
        let request = ListHandoffsRequest {
            order: order.into(),
            page_size: 4,
            team: "implementation".into(),
            ..Default::default()
        };
        let mut touched = vec![];
        let shown = read(&world.otto, request, async |page: &[pb::HandoffLine]| {
            let Some(line) = page.iter().find(|line| line.revision == 2) else { return };
            // One that was shown moves on, and a new one comes.
            let handoff = world.otto.get(&line.id).await.unwrap();
            world.ivan.reject(on(&handoff)).await.unwrap();
            world.sam.draft("new").await;
            touched.push(line.title.clone());
        })
        .await;
        assert_eq!(touched.len(), 8);
        let old = |title: &String| title != "new";
        assert_eq!(shown.keys().filter(|title| old(title)).count(), 30, "none is missed: {shown:?}");
        // What was touched moves to the end of the longest untouched: there it is shown again.
        let moves = |title: &String| order == HandoffOrder::Updated && touched.contains(title);
        for (title, times) in shown.iter().filter(|(title, _)| old(title) && !moves(title)) {
            assert_eq!(*times, 1, "{title} by {order:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_continues_its_own_list_alone() {
    let world = World::new().await;
    thirty(&world).await;
    let request = ListHandoffsRequest { page_size: 5, ..inbox("implementation") };
    let page_token = world.otto.list(request.clone()).await.unwrap().next_page_token;
    let continued = ListHandoffsRequest { page_token, ..request };
    let wider = ListHandoffsRequest { page_size: 50, ..continued.clone() };
    assert_eq!(world.otto.list(wider).await.unwrap().handoffs.len(), 25, "the page size may change");
    let others = [
        ListHandoffsRequest { inbox_of: "sales".into(), ..continued.clone() },
        ListHandoffsRequest { owner: "sam".into(), ..continued.clone() },
        ListHandoffsRequest { waiting_on: 2, ..continued.clone() },
        ListHandoffsRequest { priorities: vec![1], ..continued.clone() },
        ListHandoffsRequest { on_hold: Some(false), ..continued.clone() },
        ListHandoffsRequest { confidential: Some(false), ..continued.clone() },
        ListHandoffsRequest { text: "0".into(), ..continued.clone() },
        ListHandoffsRequest { created_before: world.after(0), ..continued.clone() },
        ListHandoffsRequest { updated_before: world.after(0), ..continued.clone() },
        ListHandoffsRequest { deliver_by_before: world.after(0), ..continued.clone() },
        ListHandoffsRequest { due_before: world.after(0), ..continued.clone() },
        ListHandoffsRequest { breached: Some(false), ..continued.clone() },
        ListHandoffsRequest { order: HandoffOrder::Newest.into(), ..continued.clone() },
        ListHandoffsRequest { order: HandoffOrder::Due.into(), ..continued.clone() },
        ListHandoffsRequest { states: vec![2], ..continued.clone() },
        ListHandoffsRequest {
            page_token: continued.page_token.replace(|c: char| c.is_ascii_digit(), "A"),
            ..continued
        },
    ];
    for other in others {
        let refused = world.otto.list(other).await.unwrap_err();
        assert_eq!((refused.code, refused.fields), (Code::InvalidArgument, vec!["page_token".to_owned()]));
    }
}
