//! The credit balance.

use serde_json::json;

use super::{ACME, of_acme, sql};
use crate::support::app::App;

#[tokio::test]
async fn the_credit_balance_is_what_is_left_and_not_expired_by_currency_and_expiry() {
    let app = App::start().await;
    let field = "creditBalance { currency remaining expirations { expiresAt amount } }";
    let expected = |currency: &str| {
        let query = format!(
            "SELECT jsonb_build_object('currency', '{currency}', 'remaining', sum(amount)::text, 'expirations',
                    jsonb_agg(jsonb_build_object('expiresAt', {{time(expires_at)}}, 'amount', amount::text)
                              ORDER BY expires_at NULLS LAST))
               FROM (SELECT expires_at, sum(remaining) AS amount FROM platform.credits
                      WHERE organization_id = {ACME} AND currency = '{currency}' AND remaining > 0
                        AND coalesce(expires_at > now(), true) GROUP BY 1) by_expiry"
        );
        let app = &app;
        async move { sql(app, &query).await }
    };
    let balance = of_acme(&app.billing().await, field).await;
    assert_eq!(balance, json!([expected("USD").await]));
    assert_eq!((&balance[0]["remaining"], balance[0]["expirations"].as_array().unwrap().len()), (&json!("255.00"), 2));

    app.service()
        .await
        .run(&format!(
            "INSERT INTO platform.credits (organization_id, amount, remaining, currency, expires_at)
             SELECT {ACME}, 10, 10, c, NULL FROM unnest(ARRAY['EUR', 'EUR', 'USD', 'CHF']) c;
             UPDATE platform.credits SET remaining = 0 WHERE currency = 'CHF'"
        ))
        .await;
    let balance = of_acme(&app.owner().await, field).await;
    assert_eq!(balance, json!([expected("EUR").await, expected("USD").await]));
    assert_eq!(balance[0]["expirations"], json!([{"expiresAt": null, "amount": "20.00"}]));

    app.service().await.run("UPDATE platform.credits SET remaining = 0").await;
    assert_eq!(of_acme(&app.owner().await, field).await, json!([]));
}
