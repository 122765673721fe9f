-- The trail of the last weeks: what people did, each with what changed, and their sign-ins. `what` is the kind and the
-- name that the resource's key is made of; jobs of the server have no user.
INSERT INTO platform.audit_logs (
    id, organization_id, project_id, user_id, api_key_id, actor_label, event_type, resource_type, resource_id, action,
    ip_address, user_agent, request_id, metadata, severity, created_at)
SELECT pg_temp.seed_id('audit', e.name), pg_temp.seed_id('organization', v.organization),
       CASE WHEN v.project IS NOT NULL THEN pg_temp.seed_id('project', v.organization || '/' || v.project) END,
       CASE WHEN v.actor LIKE '%@%' THEN pg_temp.seed_id('user', v.actor) END,
       CASE WHEN v.agent = 'key' THEN pg_temp.seed_id('api_key', v.organization || '/deploy') END,
       v.actor, v.event, v.resource, pg_temp.seed_id(v.kind, v.what), v.action,
       CASE WHEN v.actor LIKE '%@%' THEN ('203.0.113.' || 10 + floor(pg_temp.seed_noise(v.actor) * 90))::inet END,
       CASE v.agent WHEN 'key' THEN 'ogelbase-client/0.3 node/24' WHEN 'web' THEN 'Mozilla/5.0 (X11; Linux x86_64) Firefox/138.0' END,
       CASE WHEN v.actor LIKE '%@%' THEN 'demo-' || left(md5(e.name), 16) END,
       v.metadata::jsonb, v.severity, pg_temp.seed_day() - v.hours * interval '1 hour'
FROM (VALUES
    ('acme', 2, 'admin@acme.test', 'mobile', 'web', 'project.status_changed', 'project', 'project', 'acme/mobile', 'update', 'info', '{"before": {"status": "inactive"}, "after": {"status": "coming_up"}}'),
    ('acme', 5, 'owner@acme.test', 'api', 'key', 'project.updated', 'project', 'project', 'acme/api', 'update', 'info', '{"before": {"name": "API"}, "after": {"name": "Public API"}}'),
    ('acme', 9, 'server', 'analytics', NULL, 'database.health_changed', 'database', 'database', 'acme/analytics/primary', 'update', 'error', '{"before": {"status": "unhealthy"}, "after": {"status": "unreachable"}}'),
    ('acme', 14, 'server', 'shop', NULL, 'database.health_changed', 'database', 'database', 'acme/shop/events', 'update', 'warning', '{"before": {"status": "healthy"}, "after": {"status": "unhealthy"}}'),
    ('acme', 24, 'felix@acme.test', 'mobile', 'web', 'project.created', 'project', 'project', 'acme/mobile', 'create', 'info', '{"after": {"name": "Mobile app", "region": "eu-west-1"}}'),
    ('acme', 25, 'owner@acme.test', NULL, 'web', 'member.invited', 'organization_invitation', 'invitation', 'acme/outsider@globex.test', 'invite', 'info', '{"after": {"email": "outsider@globex.test", "role": "member"}}'),
    ('acme', 31, 'admin@acme.test', 'warehouse', 'web', 'compute.resized', 'compute_config', 'compute', 'acme/warehouse', 'update', 'info', '{"before": {"instance_size": "small"}, "after": {"instance_size": "medium"}}'),
    ('acme', 48, 'admin@acme.test', NULL, 'web', 'member.invited', 'organization_invitation', 'invitation', 'acme/newcomer@acme.test', 'invite', 'info', '{"after": {"email": "newcomer@acme.test", "role": "developer"}}'),
    ('acme', 52, 'member@acme.test', 'payroll', 'web', 'access.denied', 'project', 'project', 'acme/payroll', 'read', 'warning', '{"permission": "projects:read"}'),
    ('acme', 72, 'jonas@acme.test', 'staging', 'web', 'project.paused', 'project', 'project', 'acme/staging', 'update', 'info', '{"before": {"status": "active_healthy"}, "after": {"status": "paused"}}'),
    ('acme', 80, 'paula@acme.test', 'shop', 'web', 'project_member.added', 'project_member', 'project_member', 'acme/shop/mina@acme.test', 'create', 'info', '{"after": {"email": "mina@acme.test", "role": "developer"}}'),
    ('acme', 96, 'peter@acme.test', 'shop', 'web', 'addon.updated', 'project_addon', 'addon', 'acme/shop/log_drain', 'update', 'info', '{"before": {"quantity": 1}, "after": {"quantity": 2}}'),
    ('acme', 118, 'elena@acme.test', 'analytics', 'web', 'disk.updated', 'disk_config', 'disk', 'acme/analytics', 'update', 'info', '{"before": {"size_gb": 256, "type": "gp3"}, "after": {"size_gb": 512, "type": "io2"}}'),
    ('acme', 140, 'owner@acme.test', NULL, 'web', 'member.role_changed', 'organization_member', 'member', 'acme/elena@acme.test', 'update', 'info', '{"before": {"role": "member"}, "after": {"role": "developer"}}'),
    ('acme', 167, 'billing@acme.test', NULL, 'web', 'billing.updated', 'payment_method', 'payment_method', 'acme/card', 'update', 'info', '{"before": {"card_last4": "1881"}, "after": {"card_last4": "4242"}}'),
    ('acme', 190, 'owner@acme.test', NULL, 'web', 'subscription.updated', 'subscription', 'subscription', 'acme', 'update', 'info', '{"before": {"spend_cap_amount": "2500.00"}, "after": {"spend_cap_amount": "5000.00"}}'),
    ('acme', 221, 'owner@acme.test', 'payroll', 'web', 'database.revealed', 'database', 'database', 'acme/payroll/primary', 'reveal', 'warning', '{"name": "primary"}'),
    ('acme', 221, 'paula@acme.test', 'shop', 'web', 'database.revealed', 'database', 'database', 'acme/shop/primary', 'reveal', 'warning', '{"name": "primary"}'),
    ('acme', 360, 'admin@acme.test', NULL, 'web', 'user.banned', 'user', 'user', 'boris@acme.test', 'update', 'critical', '{"reason": "credentials were shared"}'),
    ('acme', 384, 'boris@acme.test', 'api', 'web', 'credentials.rotated', 'credentials', 'project', 'acme/api', 'update', 'warning', '{"keys": ["anon", "service_role"]}'),
    ('acme', 498, 'leo@acme.test', NULL, 'web', 'member.joined', 'organization_member', 'member', 'acme/leo@acme.test', 'create', 'info', '{"after": {"role": "member"}}'),
    ('acme', 504, 'admin@acme.test', NULL, 'web', 'member.invited', 'organization_invitation', 'invitation', 'acme/leo@acme.test', 'invite', 'info', '{"after": {"email": "leo@acme.test", "role": "member"}}'),
    ('acme', 600, 'owner@acme.test', NULL, 'web', 'feature_flag.overridden', 'organization_feature_flag', 'flag_override', 'acme/branching', 'update', 'info', '{"before": {"enabled": null}, "after": {"enabled": true}}'),
    ('acme', 601, 'owner@acme.test', NULL, 'web', 'feature_flag.overridden', 'organization_feature_flag', 'flag_override', 'acme/ai-assistant', 'update', 'info', '{"before": {"enabled": null}, "after": {"enabled": false}}'),
    ('acme', 720, 'admin@acme.test', NULL, 'web', 'member.removed', 'organization_member', 'member', 'acme/former@acme.test', 'delete', 'info', '{"before": {"email": "former@acme.test", "role": "developer"}}'),
    ('acme', 724, 'developer@acme.test', NULL, 'web', 'api_key.created', 'api_key', 'api_key', 'acme/developer', 'create', 'info', '{"after": {"name": "My laptop", "scopes": ["projects:list", "projects:read", "metrics:read"]}}'),
    ('acme', 730, 'owner@acme.test', NULL, 'web', 'api_key.revoked', 'api_key', 'api_key', 'acme/old-backup', 'delete', 'warning', '{"before": {"name": "Backup (old)"}}'),
    ('acme', 768, 'owner@acme.test', NULL, 'web', 'api_key.rotated', 'api_key', 'api_key', 'acme/backup', 'create', 'info', '{"after": {"name": "Backup"}, "rotated_from": "Backup (old)"}'),
    ('acme', 960, 'paula@acme.test', 'shop', 'web', 'database.rotated', 'database', 'database', 'acme/shop/primary', 'update', 'warning', '{"name": "primary"}'),
    ('acme', 1080, 'admin@acme.test', NULL, 'web', 'api_key.created', 'api_key', 'api_key', 'acme/trial', 'create', 'info', '{"after": {"name": "Trial", "scopes": ["organization:read"]}}'),
    ('acme', 1090, 'admin@acme.test', NULL, 'web', 'customer_profile.updated', 'customer_profile', 'customer_profile', 'acme', 'update', 'info', '{"before": {"address_line2": null}, "after": {"address_line2": "Scala B"}}'),
    ('globex', 7, 'server', 'website', NULL, 'database.health_changed', 'database', 'database', 'globex/website/primary', 'update', 'warning', '{"before": {"status": "healthy"}, "after": {"status": "unhealthy"}}'),
    ('globex', 30, 'both@acme.test', 'reactor', 'web', 'database.registered', 'database', 'database', 'globex/reactor/readings', 'create', 'info', '{"after": {"name": "readings", "type": "redis"}}'),
    ('globex', 60, 'greta@globex.test', NULL, 'web', 'member.invited', 'organization_invitation', 'invitation', 'globex/member@acme.test', 'invite', 'info', '{"after": {"email": "member@acme.test", "role": "member"}}'),
    ('globex', 75, 'outsider@globex.test', 'reactor', 'key', 'project.updated', 'project', 'project', 'globex/reactor', 'update', 'info', '{"before": {"name": "Reactor"}, "after": {"name": "Reactor control"}}'),
    ('globex', 130, 'gus@globex.test', NULL, 'web', 'billing.updated', 'customer_profile', 'customer_profile', 'globex', 'update', 'info', '{"before": {"city": "Potsdam"}, "after": {"city": "Berlin"}}'),
    ('globex', 288, 'server', 'prototype', NULL, 'project.status_changed', 'project', 'project', 'globex/prototype', 'update', 'error', '{"before": {"status": "coming_up"}, "after": {"status": "init_failed"}}'),
    ('globex', 288, 'hanna@globex.test', 'prototype', 'web', 'project.created', 'project', 'project', 'globex/prototype', 'create', 'info', '{"after": {"name": "Prototype", "region": "us-east-1"}}'),
    ('globex', 480, 'both@acme.test', NULL, 'web', 'api_key.created', 'api_key', 'api_key', 'globex/readings', 'create', 'info', '{"after": {"name": "Readings", "scopes": ["projects:read", "databases:read", "metrics:read"]}}'),
    ('globex', 600, 'hanna@globex.test', NULL, 'web', 'feature_flag.overridden', 'organization_feature_flag', 'flag_override', 'globex/new-dashboard', 'update', 'info', '{"before": {"enabled": null}, "after": {"enabled": false}}'),
    ('globex', 700, 'outsider@globex.test', NULL, 'web', 'access.denied', 'organization', 'organization', 'acme', 'read', 'warning', '{"permission": "organization:read"}')
) AS v (organization, hours, actor, project, agent, event, resource, kind, what, action, severity, metadata)
JOIN organization_list o ON o.slug = v.organization
CROSS JOIN LATERAL (SELECT format('%s/%s/%s/%s', v.organization, v.hours, v.event, v.what) AS name) e
ON CONFLICT DO NOTHING;

-- Signing in concerns a person and no organization: once a week each, at an hour of their own.
INSERT INTO platform.audit_logs (
    id, user_id, actor_label, event_type, resource_type, resource_id, action, ip_address, user_agent, request_id, created_at)
SELECT pg_temp.seed_id('audit', e.name), l.id, l.email, 'user.signed_in', 'session', pg_temp.seed_id('past session', e.name),
       'create', ('203.0.113.' || 10 + floor(pg_temp.seed_noise(l.email) * 90))::inet,
       'Mozilla/5.0 (X11; Linux x86_64) Firefox/138.0', 'demo-' || left(md5(e.name), 16),
       pg_temp.seed_day() - (n * 7 - 6) * interval '1 day' - pg_temp.seed_noise(l.email) * interval '10 hours'
FROM person_list l
CROSS JOIN generate_series(1, 4) n
CROSS JOIN LATERAL (SELECT format('signed in/%s/%s', l.email, n) AS name) e
WHERE l.is_new AND l.kind IN ('demo', 'second factor')
ON CONFLICT DO NOTHING;
