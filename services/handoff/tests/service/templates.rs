//! Which version of a template judges a handoff.

use api::checklist::v1::RetireVersionRequest;
use testkit::request_id;
use tonic::Code;

use crate::{
    requests::{create, create_for, on, prepare, terms},
    words::why,
    world::{ROUTE, World},
};

async fn retire(world: &World, version: i32) {
    let retire = RetireVersionRequest { request_id: request_id(), template_id: ROUTE.into(), version };
    world.templates().retire_version(retire).await.unwrap();
}

/// The starter with one more required field.
async fn second_version(world: &World) -> String {
    let field = "fields:\n  - key: reference_number\n    label: Reference number\n    type: TEXT\n    required: true\n";
    world.starter().await.replacen("fields:\n", field, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handoff_keeps_the_version_that_it_was_created_under() {
    let world = World::with_template().await;
    let old = world.sam.draft("before").await;
    let published = world.publish(&second_version(&world).await).await;
    let new = world.sam.draft("after").await;
    let pin = |handoff: &api::handoff::v1::Handoff| handoff.template.clone().unwrap();
    assert_eq!((pin(&old).template_id.as_str(), pin(&old).version), (ROUTE, 1));
    assert_eq!((pin(&new).version, pin(&new).content_hash), (2, published.content_hash));

    let prepared = prepare(&world.sam, &old).await;
    world.sam.submit(on(&prepared)).await.expect("the newer field is not asked of it");
    let prepared = prepare(&world.sam, &new).await;
    assert_eq!(world.sam.submit(on(&prepared)).await.unwrap_err().subjects, ["reference_number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_may_name_one_version_for_good() {
    let world = World::with_template().await;
    world.publish(&second_version(&world).await).await;
    world.set_terms(terms(ROUTE, 1)).await;
    assert_eq!(world.sam.draft("Acme").await.template.unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_cannot_name_what_is_not_published() {
    let world = World::with_template().await;
    for (template, version) in [("nobody", 0), ("nobody", 1), (ROUTE, 2)] {
        let refused = world.ada.set_terms(terms(template, version)).await.unwrap_err();
        assert_eq!(why(&refused), (Code::FailedPrecondition, "TEMPLATE_NOT_FOUND"), "{template} {version}");
    }
    world.publish(&second_version(&world).await).await;
    retire(&world, 1).await;
    let refused = world.ada.set_terms(terms(ROUTE, 1)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "TEMPLATE_RETIRED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_version_takes_no_new_handoffs() {
    let world = World::with_template().await;
    let draft = world.crm.create(create_for("D-1")).await.unwrap().0;
    retire(&world, 1).await;
    let refused = world.sam.create(create(ROUTE, "new")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "TEMPLATE_NOT_FOUND"), "no version is the latest");
    let (again, is_new) = world.crm.create(create_for("D-1")).await.expect("that record has its handoff");
    assert_eq!((again, is_new), (draft.clone(), false));
    let submitted = world.sam.submit(on(&prepare(&world.sam, &draft).await)).await.unwrap();
    world.ivan.accept(on(&submitted)).await.expect("those under way go on");

    world.publish(&second_version(&world).await).await;
    assert_eq!(world.sam.draft("new").await.template.unwrap().version, 2);
    world.set_terms(terms(ROUTE, 2)).await;
    retire(&world, 2).await;
    let refused = world.sam.create(create(ROUTE, "newer")).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, "TEMPLATE_RETIRED"));
}
