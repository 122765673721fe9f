//! Invoices: filters, orders, pages and lines.

use serde_json::{Value, json};

use super::{ACME, of_acme, sql};
use crate::support::app::App;

#[tokio::test]
async fn invoices_are_filtered_sorted_and_paged() {
    let app = App::start().await;
    let billing = app.billing().await;
    let fields = "number status currency subtotal tax creditApplied total amountDue amountPaid periodStart periodEnd
        dueAt issuedAt paidAt";
    let expected = |condition: &str, order: &str| {
        let query = format!(
            "SELECT coalesce(jsonb_agg(jsonb_build_object('number', number, 'status', upper(status),
                    'currency', currency, 'subtotal', subtotal::text, 'tax', tax::text,
                    'creditApplied', credit_applied::text, 'total', total::text, 'amountDue', amount_due::text,
                    'amountPaid', amount_paid::text, 'periodStart', {{time(period_start)}},
                    'periodEnd', {{time(period_end)}}, 'dueAt', {{time(due_at)}}, 'issuedAt', {{time(issued_at)}},
                    'paidAt', {{time(paid_at)}}) ORDER BY {order}), '[]')
               FROM platform.invoices WHERE organization_id = {ACME} AND {condition}"
        );
        let app = &app;
        async move { sql(app, &query).await }
    };
    let nodes = async |arguments: &str| {
        let list = of_acme(&billing, &format!("invoices(first: 100{arguments}) {{ nodes {{ {fields} }} }}")).await;
        list["nodes"].clone()
    };
    let month = |back: u32| format!("date_trunc('month', now(), 'UTC') - interval '{back} months'");
    let time = async |back: u32| sql(&app, &format!("SELECT to_jsonb({{time(({}))}})", month(back))).await;
    let (from, to) = (time(6).await, time(2).await);
    for (arguments, condition, order, least) in [
        (String::new(), "true".to_owned(), "period_start DESC, id DESC", 13),
        (", filter: {status: [VOID]}".to_owned(), "status = 'void'".to_owned(), "period_start DESC, id DESC", 1),
        (
            ", filter: {status: [OPEN, VOID]}".to_owned(),
            "status IN ('open', 'void')".to_owned(),
            "period_start DESC, id DESC",
            2,
        ),
        (", filter: {status: []}".to_owned(), "false".to_owned(), "period_start DESC", 0),
        (
            format!(", filter: {{periodFrom: {from}, periodTo: {to}}}"),
            format!("period_start >= {} AND period_start < {}", month(6), month(2)),
            "period_start DESC, id DESC",
            4,
        ),
        (
            format!(", filter: {{status: [PAID], periodFrom: {from}}}, orderBy: {{field: PERIOD_START}}"),
            format!("period_start >= {} AND status = 'paid'", month(6)),
            "period_start, id",
            4,
        ),
        (", orderBy: {field: TOTAL}".to_owned(), "true".to_owned(), "total, id", 13),
        (", orderBy: {field: TOTAL, direction: DESC}".to_owned(), "true".to_owned(), "total DESC, id DESC", 13),
    ] {
        let expected = expected(&condition, order).await;
        assert!(expected.as_array().unwrap().len() >= least, "{arguments}: {expected:#}");
        assert_eq!(nodes(&arguments).await, expected, "{arguments}");
    }

    // Every page, in both orders and both directions, is a part of the whole.
    for order in ["{field: TOTAL}", "{field: TOTAL, direction: DESC}", "{field: PERIOD_START, direction: DESC}"] {
        let whole = nodes(&format!(", orderBy: {order}")).await;
        let (mut paged, mut after) = (Vec::new(), String::new());
        loop {
            let page = format!(
                "invoices(first: 4, orderBy: {order}{after}) {{ totalCount nodes {{ {fields} }}
                   pageInfo {{ hasNextPage endCursor }} }}"
            );
            let page = of_acme(&billing, &page).await;
            assert_eq!(page["totalCount"], json!(whole.as_array().unwrap().len()));
            paged.extend(page["nodes"].as_array().unwrap().clone());
            if page["pageInfo"]["hasNextPage"] == json!(false) {
                break;
            }
            after = format!(", after: {}", page["pageInfo"]["endCursor"]);
        }
        assert_eq!(json!(paged), whole, "{order}");
    }
    // A cursor of one order is refused in the other.
    let page = of_acme(&billing, "invoices(first: 1) { pageInfo { endCursor } }").await;
    let query = format!(
        "{{ organization(slug: \"acme\") {{ invoices(orderBy: {{field: TOTAL}}, after: {}) {{ totalCount }} }} }}",
        page["pageInfo"]["endCursor"]
    );
    assert_eq!(billing.ask(&query).await.codes(), ["INVALID_INPUT"]);
}

#[tokio::test]
async fn the_lines_of_an_invoice_are_typed_and_add_up() {
    let app = App::start().await;
    let field = "invoices(first: 1, filter: {status: [OPEN]}) { nodes { number subscription { planName }
        lines { description quantity unitAmount amount periodStart periodEnd project { name } } } }";
    let invoice = of_acme(&app.owner().await, field).await["nodes"][0].clone();
    let expected = sql(
        &app,
        &format!(
            "SELECT jsonb_agg(jsonb_build_object('description', l ->> 'description', 'quantity', l ->> 'quantity',
                    'unitAmount', l ->> 'unit_amount', 'amount', l ->> 'amount',
                    'periodStart', {{time((l ->> 'period_start')::timestamptz)}},
                    'periodEnd', {{time((l ->> 'period_end')::timestamptz)}},
                    'project', (SELECT jsonb_build_object('name', p.name) FROM platform.projects p
                                 WHERE p.id = (l ->> 'project_id')::uuid)) ORDER BY n)
               FROM platform.invoices i, jsonb_array_elements(i.lines) WITH ORDINALITY AS line (l, n)
              WHERE i.number = {}",
            format_args!("'{}'", invoice["number"].as_str().unwrap())
        ),
    )
    .await;
    assert_eq!(invoice["lines"], expected);
    assert_eq!(invoice["subscription"]["planName"], "Team");
    let lines = expected.as_array().unwrap();
    assert!(lines.iter().any(|line| line["project"].is_object()) && lines.iter().any(|line| line["project"].is_null()));

    // Lines that nobody can read spoil their own field alone.
    app.service().await.run("UPDATE platform.invoices SET lines = '[{\"amount\": \"1\"}]' WHERE status = 'open'").await;
    let query = format!("{{ organization(slug: \"acme\") {{ {field} }} }}");
    let answer = app.owner().await.ask(&query).await;
    assert_eq!(answer.codes(), ["INTERNAL"]);
    let node = &answer.body["data"]["organization"]["invoices"]["nodes"][0];
    assert_eq!((&node["number"], &node["lines"]), (&invoice["number"], &Value::Null));
}
