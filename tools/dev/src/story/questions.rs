//! The chapter of a question that goes two rounds, and of somebody who watches it.

use dev::Result;

use super::act::act;
use super::teller::Teller;

/// Tells it about `deal`, which waits on downstream.
pub(super) fn tell(teller: &mut Teller<'_>, deal: &str) -> Result<()> {
    teller.chapter(
        "A question before a verdict",
        "In another terminal, Ines watches the deal. What she sees, live, is below.",
    )?;
    let watcher = teller.watch(&act("ines", ["watch", "--handoff", deal]))?;
    teller.say("Ivan cannot judge without an answer. He asks, and the turn moves to sales.")?;
    let ask = ["question", "ask", deal, "Which SAP release is it?", "--blocking", "--about", "technical_requirements"];
    teller.play(&act("ivan", ask).says(&["Asked", "waits on sales"]))?;
    teller
        .play(&act("anna", ["question", "answer", deal, "q1", "The latest one"]).says(&["waits on implementation"]))?;
    teller.say("That is no answer: he says what is missing, and the second round opens.")?;
    let missing = ["question", "insufficient", deal, "q1", "The year, please. And who opens the access?"];
    teller.play(&act("ivan", missing).says(&["waits on sales"]))?;
    let answer = ["question", "answer", deal, "q1", "S/4HANA 2023. Their IT opens it."];
    teller.play(&act("anna", answer).says(&["waits on implementation"]))?;
    teller.play(&act("ivan", ["question", "close", deal, "q1"]).says(&["Closed", "waits on implementation"]))?;

    teller.say("What Ines saw, each line as it happened; then she pressed Ctrl-C.")?;
    let seen = [
        "question asked by ivan",
        "question answered by anna",
        "question insufficient by ivan",
        "question closed by ivan",
    ];
    Teller::end_watch(watcher, &seen)
}
