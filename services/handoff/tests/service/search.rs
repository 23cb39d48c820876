//! Search by words and by links: what is found, by whom, and that it comes in pages and orders as every list does.

use std::collections::BTreeSet;

use api::handoff::v1 as pb;
use pb::{CreateHandoffRequest, HandoffOrder, ListHandoffsRequest};

use crate::{
    requests::{answers, create, create_for, inbox, mask, on, text},
    words::why,
    world::{ROUTE, World},
};

fn search(words: &str) -> ListHandoffsRequest {
    ListHandoffsRequest { text: words.into(), ..Default::default() }
}

fn linked(key: &str) -> ListHandoffsRequest {
    let link = pb::OutsideRecord { system: "erp".into(), key: key.into() };
    ListHandoffsRequest { link: Some(link), ..Default::default() }
}

fn link(key: &str) -> pb::Link {
    pb::Link { system: "erp".into(), r#type: "account".into(), key: key.into(), url: String::new() }
}

/// A handoff with a word of its own in every place.
fn acme() -> CreateHandoffRequest {
    let contact = pb::Contact { name: "Petra Kern".into(), role: "head".into(), how: "petra.kern@acme.example".into() };
    let summary = pb::Summary {
        situation: "Migrates from the Übersee cluster".into(),
        contacts: vec![contact],
        ..Default::default()
    };
    CreateHandoffRequest {
        title: "Acme roll-out".into(),
        summary: Some(summary),
        links: vec![link("A'7/\\x")],
        ..create_for("D-1042")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_is_found_by_every_word_it_holds() {
    let world = World::with_template().await;
    let draft = world.sam.create(acme()).await.unwrap().0;
    world.sam.update(answers(&draft, &[("timeline", text("Kick-off in May, live before the audit"))])).await.unwrap();
    world.sam.draft("Globex").await;
    let found = async |words: &str| world.otto.titles(search(words)).await.len();
    let hits = [
        "acme",
        "ACME",
        "roll-out",
        "roll out",
        "out roll",
        "rollo",
        "petra.kern@acme.example",
        "kern",
        "übersee",
        "Übers",
        "D-1042",
        "1042",
        "crm",
        "audit acme",
        "A'7/\\x",
        "may & !live | (kick:off)",
        "ker",
    ];
    for words in hits {
        let expected = usize::from(words != "rollo");
        assert_eq!(found(words).await, expected, "{words}");
    }
    for words in ["acmes", "acme globex", "au", "timeline", "situation", "text", "sales", "@sales", "#erp"] {
        assert_eq!(found(words).await, 0, "{words}");
    }
    assert_eq!(found("aud").await, 1, "of the last word three characters are enough");
    assert_eq!(found("aud acme").await, 0, "of the others none but all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_the_words_of_now() {
    let world = World::new().await;
    let draft = world.sam.draft("Acme").await;
    let edit = pb::UpdateHandoffRequest {
        update_mask: mask(&["title", "links"]),
        title: "Globex".into(),
        links: vec![link("A-7")],
        ..on(&draft)
    };
    world.sam.update(edit).await.unwrap();
    assert_eq!(world.otto.titles(search("acme")).await, [""; 0]);
    assert_eq!(world.otto.titles(search("globex")).await, ["Globex"]);
    assert_eq!(world.otto.titles(linked("A-7")).await, ["Globex"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_is_found_by_its_links_exactly() {
    let world = World::new().await;
    let draft = world.sam.create(acme()).await.unwrap().0;
    let quoted = "A'7/\\x";
    assert_eq!(world.otto.titles(linked(quoted)).await, [draft.title.as_str()]);
    for other in ["A'7", "A'7/\\", "a'7/\\x", "x"] {
        assert_eq!(world.otto.titles(linked(other)).await, [""; 0], "{other}");
    }
    // The same text parted elsewhere is another record.
    let elsewhere = pb::OutsideRecord { system: "erp/A'7".into(), key: "\\x".into() };
    let elsewhere = ListHandoffsRequest { link: Some(elsewhere), ..Default::default() };
    assert_eq!(world.otto.titles(elsewhere).await, [""; 0]);
    let both = ListHandoffsRequest { text: "acme".into(), team: "sales".into(), ..linked(quoted) };
    assert_eq!(world.otto.titles(both).await, [draft.title.as_str()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_narrowed_by_every_other_filter() {
    let world = World::new().await;
    let open = world.sam.draft("Acme one").await;
    world.sam.submitted("Acme two").await;
    let titles = async |request: ListHandoffsRequest| world.otto.titles(request).await;
    assert_eq!(titles(ListHandoffsRequest { text: "acme".into(), ..inbox("sales") }).await, ["Acme one"]);
    assert_eq!(titles(ListHandoffsRequest { text: "acme".into(), ..inbox("legal") }).await, [""; 0]);
    assert_eq!(titles(ListHandoffsRequest { team: "sales".into(), ..search("acme") }).await.len(), 2);
    let upstream = ListHandoffsRequest { team: "sales".into(), side: 2, ..search("acme") };
    assert_eq!(titles(upstream).await, [""; 0]);
    assert_eq!(titles(ListHandoffsRequest { owner: "sam".into(), ..search("acme") }).await.len(), 2);
    assert_eq!(titles(ListHandoffsRequest { states: vec![1], ..search("acme") }).await, [open.title.as_str()]);
    let urgent = ListHandoffsRequest { order: HandoffOrder::Priority.into(), text: "one".into(), ..inbox("sales") };
    assert_eq!(titles(urgent).await, ["Acme one"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidential_handoff_is_found_by_its_teams_and_administrators_alone() {
    let world = World::new().await;
    let secret = CreateHandoffRequest { confidential: true, title: "Acme Verdigris".into(), ..acme() };
    world.sam.create(secret).await.unwrap();
    for number in 0..3 {
        world.sam.draft(&format!("Acme {number}")).await;
    }
    let quoted = "A'7/\\x";
    let lists = || {
        [
            search("verdigris"),
            search("ver"),
            search("1042"),
            search("petra"),
            linked(quoted),
            ListHandoffsRequest { text: "acme verdigris".into(), ..inbox("sales") },
            ListHandoffsRequest { owner: "sam".into(), confidential: Some(true), ..search("acme") },
        ]
    };
    for insider in [&world.sam, &world.ines, &world.ada] {
        for list in lists() {
            assert_eq!(insider.titles(list.clone()).await, ["Acme Verdigris"], "{list:?}");
        }
    }
    for outsider in [&world.otto, &world.importer] {
        for list in lists() {
            assert_eq!(outsider.titles(list.clone()).await, [""; 0], "{list:?}");
        }
        // A page is full, and the last one is the last, as if it were not there.
        let paged = ListHandoffsRequest { page_size: 3, ..search("acme") };
        let page = outsider.list(paged).await.unwrap();
        assert_eq!((page.handoffs.len(), page.next_page_token.as_str()), (3, ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_common_is_found_in_pages_and_in_every_order_too() {
    let world = World::new().await;
    // Over two thousand: more than are looked at one by one.
    let records = (0..2_100).map(|number| {
        let word = if number % 300 == 0 { "rare" } else { "other" };
        let record = crate::history::record(&format!("{number}"), &[pb::HistoricEventKind::Submitted]);
        crate::history::later(number % 700, pb::HistoricHandoff { title: format!("Acme {word} {number}"), ..record })
    });
    assert_eq!(world.importer.import(records.collect()).await.unwrap().created, 2_100);
    let secret = CreateHandoffRequest { confidential: true, title: "Acme Verdigris".into(), ..create(ROUTE, "") };
    world.sam.create(secret).await.unwrap();
    let of_implementation = ListHandoffsRequest { text: "acme".into(), ..inbox("implementation") };
    for filter in [search("acme"), of_implementation] {
        for order in [HandoffOrder::Updated, HandoffOrder::Newest] {
            let mut request = ListHandoffsRequest { order: order.into(), page_size: 1000, ..filter.clone() };
            let mut seen = BTreeSet::new();
            let mut lines = 0;
            loop {
                let page = world.otto.list(request.clone()).await.unwrap();
                lines += page.handoffs.len();
                seen.extend(page.handoffs.into_iter().map(|line| line.title));
                if page.next_page_token.is_empty() {
                    break;
                }
                request.page_token = page.next_page_token;
            }
            assert_eq!((lines, seen.len()), (2_100, 2_100), "{order:?}");
        }
    }
    assert_eq!(world.otto.titles(search("acme rare")).await.len(), 7);
    let verdigris = world.otto.titles(ListHandoffsRequest { page_size: 1000, ..search("acme verd") }).await;
    assert_eq!(verdigris, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_as_large_as_may_be_is_searched_like_any_other() {
    let world = World::new().await;
    let long = (0..2_300).map(|number| format!("w{number:04x}")).collect::<Vec<_>>().join(" ");
    let actions = vec![pb::SummaryAction { text: long, owner: String::new(), due_at: None }; 15];
    let summary = pb::Summary { situation: "x".repeat(16_000), actions, ..Default::default() };
    let large = CreateHandoffRequest { summary: Some(summary), ..create(ROUTE, "large") };
    world.sam.create(large.clone()).await.unwrap();
    assert_eq!(world.otto.titles(search("w08fb")).await, ["large"]);
    assert_eq!(
        world.otto.titles(search("large xxxxxxxxxx")).await,
        [""; 0],
        "what is too long for a word is not found by"
    );
    let refused = world.otto.list(search(&"é".repeat(201))).await.unwrap_err();
    assert_eq!(why(&refused).1, "TOO_LARGE");
}
