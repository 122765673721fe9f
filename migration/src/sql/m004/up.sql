-- Each step builds on the rows of the ones before by their fixed keys, so whatever is there already stays as it is.
INSERT INTO platform.organizations (id, name, slug) VALUES ('$organization', 'Lancio', 'lancio')
ON CONFLICT DO NOTHING;

INSERT INTO platform.projects (id, organization_id, name, ref, slug, status)
SELECT '$project', o.id, 'Default', 'default', 'default', 'active_healthy'
FROM platform.organizations o WHERE o.id = '$organization'
ON CONFLICT DO NOTHING;

INSERT INTO platform.disk_config (id, project_id, organization_id)
SELECT '$disk', p.id, p.organization_id FROM platform.projects p WHERE p.id = '$project'
ON CONFLICT DO NOTHING;

INSERT INTO platform.compute_config (id, project_id, organization_id, instance_size, cpu_cores, memory_gb)
SELECT '$compute', p.id, p.organization_id, 'nano', 0.5, 0.5 FROM platform.projects p WHERE p.id = '$project'
ON CONFLICT DO NOTHING;

INSERT INTO platform.subscriptions
    (id, organization_id, plan_id, plan_name, billing_cycle_anchor, current_period_start, current_period_end)
SELECT '$subscription', o.id, b.id, b.name, now(), now(), now() + interval '1 month'
FROM platform.organizations o JOIN platform.billing_plans b ON b.id = 'tier_free'
WHERE o.id = '$organization'
ON CONFLICT DO NOTHING;

-- No password: the operator sets the first one.
INSERT INTO platform.users (id, email, email_confirmed_at)
SELECT '$owner', 'admin@ogelbase.com', now() FROM platform.organizations o WHERE o.id = '$organization'
ON CONFLICT DO NOTHING;

INSERT INTO platform.organization_members (id, organization_id, user_id, role)
SELECT '$membership', o.id, u.id, 'owner'
FROM platform.organizations o, platform.users u WHERE o.id = '$organization' AND u.id = '$owner'
ON CONFLICT DO NOTHING;
