//! The walk: every field of every object type is asked by everybody, on an object of their own, on one of their
//! organization that is hidden from them, and on a foreign one. What must come out is computed from the table in
//! `access` and the permission table; what came out is also a snapshot, for the reviewer.

mod access;
mod document;
mod expectation;
mod lists;
mod objects;
mod people;
mod schema;
mod snapshot;
mod subscription;

use std::collections::BTreeSet;

use self::{
    access::{Access, Field, Need, Source, Type},
    document::Writer,
    expectation::{Expectation, Outcome},
    objects::{Objects, Place, Standpoint},
    people::Person,
    schema::Schema,
    snapshot::Row,
};
use crate::support::app::App;

#[test]
fn the_walk_has_every_field_of_every_type_and_no_other() {
    let (access, schema) = (Access::table(), Schema::served());
    let served = schema.0.iter().flat_map(|(kind, fields)| fields.keys().map(move |field| format!("{kind}.{field}")));
    let lines =
        access.0.iter().flat_map(|line| line.fields.iter().map(|field| format!("{}.{}", line.name, field.name)));
    let (served, lines): (BTreeSet<_>, Vec<_>) = (served.collect(), lines.collect());
    let known: BTreeSet<_> = lines.iter().cloned().collect();
    let new: Vec<_> = served.difference(&known).collect();
    assert!(new.is_empty(), "say in tests/it/walk/access.rs what these fields need (a list: in lists.rs): {new:#?}");
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(gone.is_empty(), "these are in tests/it/walk/access.rs, not in the schema: {gone:#?}");
    assert_eq!(lines.len(), known.len(), "a field stands twice in tests/it/walk/access.rs");
}

#[test]
fn the_schema_shows_what_each_field_needs() {
    let (access, schema) = (Access::table(), Schema::served());
    for line in &access.0 {
        for field in &line.fields {
            let at_root = matches!(line.source, Source::Query | Source::Mutation);
            let shown = if at_root && field.need == Need::Public { Some("public") } else { field.need.shown() };
            let served = schema.field(&line.name, field.name).requires.as_deref();
            assert_eq!(served, shown, "@requires of {}.{}", line.name, field.name);
        }
    }
}

#[tokio::test]
async fn everybody_gets_of_every_field_what_the_permission_table_says() {
    let app = App::start().await;
    insta::assert_snapshot!("outcomes", walked(&app).await);
}

/// Row-level security is switched to the mode in which it lets everything through: what is left are the guards and the
/// tenant's filters, and nobody may notice.
#[tokio::test]
async fn everybody_gets_the_same_of_every_field_where_the_guards_stand_alone() {
    let app = App::start().await;
    app.let_every_row_through().await;
    insta::assert_snapshot!("outcomes", walked(&app).await);
}

/// Asks everything as everybody and holds it against the table; what came out, for the snapshot.
async fn walked(app: &App) -> String {
    let service = app.service().await;
    let (access, schema) = (Access::walked(), Schema::served());
    let expectation = Expectation { access: &access, schema: &schema };
    let objects = Objects::of(&access, &service).await;
    let writer = Writer::new(&access, &schema, &service).await;
    let mut people = people::everybody(app, &service).await;

    let mut wrong = Vec::new();
    let mut kinds = Vec::new();
    for line in &access.0 {
        let mut rows = empty_rows(line, people.len());
        for (column, who) in people.iter_mut().enumerate() {
            for part in line.parts() {
                let places = objects.for_person(&expectation, line, part, who);
                if places.is_empty() {
                    wrong.push(format!("{}: there is none that {} could be asked to look at", line.name, who.label));
                }
                for (standpoint, places) in places {
                    let looked = look(&writer, &expectation, line, part, who, &places, app).await;
                    for (field, outcome, expected) in looked {
                        let may_be_null = field.may_be_null && expected == Outcome::Value && outcome == Outcome::Null;
                        if outcome != expected && !may_be_null {
                            let name = format!("{}.{} ({})", line.name, field.name, standpoint.name());
                            wrong.push(format!("{name} for {}: {outcome:?} instead of {expected:?}", who.label));
                        }
                        let row = rows.iter_mut().find(|row| row.field == field.name && row.standpoint == standpoint);
                        row.unwrap().cells[column] = Some(outcome);
                    }
                }
            }
        }
        let proved = line.fields.iter().filter(|field| !expectation.lacks_proof(line, field));
        wrong.extend(proved.filter_map(|field| idle(line, field, &rows)));
        kinds.push((line.name.clone(), rows));
    }
    assert!(wrong.is_empty(), "{} things are not as the permission table says:\n{}", wrong.len(), wrong.join("\n"));
    let labels: Vec<_> = people.iter().map(|who| who.label).collect();
    snapshot::table(&labels, &kinds)
}

/// What came out of each field and what must. A field that should have a value and is null in the first object is
/// looked for in the others.
async fn look<'f>(
    writer: &Writer<'_>,
    expectation: &Expectation<'_>,
    line: &Type,
    part: &'f [Field],
    who: &mut Person<'_>,
    places: &[Place],
    app: &App,
) -> Vec<(&'f Field, Outcome, Outcome)> {
    let mut looked = Vec::new();
    let mut left: Vec<&Field> = part.iter().collect();
    for (nth, place) in places.iter().enumerate() {
        let names: Vec<_> = left.iter().map(|field| field.name).collect();
        let outcomes = ask(writer, line, who, &names, place, app).await;
        let asked = left.drain(..).zip(outcomes).map(|(field, outcome)| {
            let expected = expectation.of(who, line, field, place);
            (field, outcome, expected)
        });
        for (field, outcome, expected) in asked.collect::<Vec<_>>() {
            if expected == Outcome::Value && outcome == Outcome::Null && nth + 1 < places.len() {
                left.push(field);
            } else {
                looked.push((field, outcome, expected));
            }
        }
        if left.is_empty() {
            break;
        }
    }
    looked
}

/// What a field's line in the table says in vain: then the walk would show less than it seems.
fn idle(line: &Type, field: &Field, rows: &[Row]) -> Option<String> {
    let own = |row: &&Row| matches!(row.standpoint, Standpoint::Own | Standpoint::Common);
    let cells: Vec<_> =
        rows.iter().filter(|row| row.field == field.name).filter(own).flat_map(|row| &row.cells).collect();
    let came = |outcome| cells.iter().any(|cell| cell.as_ref() == Some(&outcome));
    let name = format!("{}.{}", line.name, field.name);
    match field.may_be_null {
        true if !came(Outcome::Null) => Some(format!("{name} was a value for everybody: take its `?` away")),
        _ if !came(Outcome::Value) => Some(format!("{name} was a value for nobody: the sample is a bad one")),
        _ => None,
    }
}

fn empty_rows(line: &Type, people: usize) -> Vec<Row> {
    let fields = line.fields.iter().map(|field| field.name.to_owned());
    fields
        .flat_map(|field| {
            Standpoint::ALL.map(|standpoint| Row { field: field.clone(), standpoint, cells: vec![None; people] })
        })
        .collect()
}

/// What came out of each field. A mutation that is not undone is about the session, which it may end: then it is a session
/// of its own.
async fn ask(
    writer: &Writer<'_>,
    line: &Type,
    who: &mut Person<'_>,
    fields: &[&'static str],
    place: &Place,
    app: &App,
) -> Vec<Outcome> {
    let document = writer.ask(line, fields.iter().copied(), place);
    if matches!(line.source, Source::Subscription | Source::Through("SubscriptionRoot", _)) {
        let answer = subscription::first_event(app, &who.reader, &document.text, place).await;
        return fields.iter().map(|field| document.outcome(&answer, field)).collect();
    }
    let is_mutation = matches!(line.source, Source::Mutation | Source::Through("Mutation", _));
    let actor = if is_mutation && !document.undone { who.afresh() } else { who.reader.clone() };
    let answer = actor.ask(&document.text).await;
    fields.iter().map(|field| document.outcome(&answer, field)).collect()
}
