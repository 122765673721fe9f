-- On the demo data, as a superuser. Triggers are off: of what there are thousands, one for each place is enough.
SET session_replication_role = replica;
DELETE FROM platform.project_metrics WHERE id NOT IN
    (SELECT DISTINCT ON (project_id) id FROM platform.project_metrics);
DELETE FROM platform.database_metrics WHERE id NOT IN
    (SELECT DISTINCT ON (database_id) id FROM platform.database_metrics);
DELETE FROM platform.database_connection_logs WHERE id NOT IN
    (SELECT DISTINCT ON (database_id) id FROM platform.database_connection_logs);
DELETE FROM platform.usage_metrics WHERE id NOT IN
    (SELECT DISTINCT ON (organization_id, project_id) id FROM platform.usage_metrics);
RESET session_replication_role;

-- Every project has something of everything, every person something that is theirs.
INSERT INTO platform.project_metrics (project_id, organization_id)
SELECT id, organization_id FROM platform.projects;
INSERT INTO platform.databases (project_id, organization_id, name, type, connection_string_sealed, host, port)
SELECT id, organization_id, 'matrix', 'redis', 'ogv1.k.A', 'matrix.test', 6379 FROM platform.projects;
INSERT INTO platform.database_metrics (database_id, organization_id, metric_type, value)
SELECT id, organization_id, 'latency_ms', 1 FROM platform.databases WHERE name = 'matrix';
INSERT INTO platform.database_connection_logs (database_id, project_id, organization_id, event_type)
SELECT id, project_id, organization_id, 'connected' FROM platform.databases WHERE name = 'matrix';
INSERT INTO platform.project_addons (project_id, organization_id, addon_id, addon_variant, price_per_unit)
SELECT id, organization_id, 'ipv4', 'ipv4_default', 1 FROM platform.projects ON CONFLICT DO NOTHING;
INSERT INTO platform.project_members (project_id, organization_id, user_id, role)
SELECT p.id, p.organization_id, m.user_id, 'developer'
  FROM platform.projects p
  JOIN platform.organization_members m USING (organization_id)
  JOIN platform.users u ON u.id = m.user_id AND u.email IN ('alice@acme.test', 'gus@globex.test', 'admin@ogelbase.com')
    ON CONFLICT DO NOTHING;
INSERT INTO platform.user_sessions (user_id, token_hash, expires_at)
SELECT id, encode(sha256(id::text::bytea), 'hex'), now() + interval '1 day' FROM platform.users;
INSERT INTO platform.api_keys (organization_id, user_id, name, key_prefix, key_hash, scopes)
SELECT organization_id, user_id, 'Matrix', 'ogb_matrix', encode(sha256(id::text::bytea), 'hex'), '{}'
  FROM platform.organization_members;
-- The third organization, foreign to all, has what the demo gives the others.
INSERT INTO platform.credits (organization_id, amount, remaining) SELECT id, 1, 1 FROM platform.organizations;
INSERT INTO platform.payment_methods (organization_id, type) SELECT id, 'link' FROM platform.organizations;
INSERT INTO platform.tax_ids (organization_id, type, value, country)
SELECT id, 'eu_vat', 'MATRIX', 'IT' FROM platform.organizations;
INSERT INTO platform.customer_profiles (organization_id) SELECT id FROM platform.organizations ON CONFLICT DO NOTHING;
INSERT INTO platform.invoices (organization_id, number, status, subtotal, tax, credit_applied, total, amount_due,
                               amount_paid, period_start, period_end)
SELECT id, 'MATRIX-' || slug, 'void', 0, 0, 0, 0, 0, 0, now() - interval '1 day', now() FROM platform.organizations;
INSERT INTO platform.usage_metrics (organization_id, metric_type, metric_value, unit, period_start, period_end)
SELECT id, 'EGRESS', 1, 'GB', now() - interval '1 day', now() FROM platform.organizations;
INSERT INTO platform.organization_feature_flags (organization_id, flag_id, enabled)
SELECT o.id, f.id, true FROM platform.organizations o, platform.feature_flags f ON CONFLICT DO NOTHING;
-- Also in organizations that one has left, or was never in.
INSERT INTO platform.audit_logs (organization_id, user_id, actor_label, event_type, action)
SELECT o.id, u.id, u.email, 'matrix.made', 'create' FROM platform.organizations o, platform.users u;
INSERT INTO platform.organization_invitations
       (organization_id, invited_email, invited_by, role, token_hash, expires_at)
SELECT m.organization_id, 'matrix@example.test', m.user_id, 'owner', encode(sha256(m.id::text::bytea), 'hex'),
       now() + interval '7 days'
  FROM platform.organization_members m JOIN platform.users u ON u.id = m.user_id
 WHERE u.email IN ('owner@acme.test', 'outsider@globex.test', 'admin@ogelbase.com');
-- acme is subscribed to one that is retired.
UPDATE platform.billing_plans SET active = false WHERE id IN ('tier_free', 'tier_team');
UPDATE platform.addon_catalog SET active = false WHERE addon_id = 'pitr';

-- Tries statements as whoever asks, and takes each back: what it would have done, or why it was refused.
CREATE SCHEMA rls_matrix;
GRANT USAGE ON SCHEMA rls_matrix TO ogelbase_app;

CREATE FUNCTION rls_matrix.make_room(statement text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    EXECUTE statement;
END $$;

CREATE FUNCTION rls_matrix.attempt(room text, statement text, lists bool,
                                   OUT state text, OUT message text, OUT keys text[], OUT changed bigint)
    LANGUAGE plpgsql AS $$
BEGIN
    state := '';
    message := '';
    keys := '{}';
    changed := 0;
    IF room <> '' THEN
        PERFORM rls_matrix.make_room(room);
    END IF;
    IF lists THEN
        EXECUTE statement INTO keys;
        keys := coalesce(keys, '{}');
    ELSE
        EXECUTE statement;
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'XMOOT';
EXCEPTION
    WHEN SQLSTATE 'XMOOT' THEN
        NULL;
    WHEN OTHERS THEN
        state := SQLSTATE;
        message := SQLERRM;
END $$;
