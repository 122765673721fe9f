DROP POLICY billing_plans_select ON platform.billing_plans;
