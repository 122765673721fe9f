//! The words of the policies: who the row is open to, and the policies themselves.

/// The user of the transaction; null when banned or deleted.
pub const SELF: &str = "(SELECT platform.current_active_user_id())";
/// The caller is a member of the row's organization.
pub const MEMBER: &str = "organization_id = ANY ((SELECT platform.current_org_ids())::uuid[])";

/// In whose name the transaction works: its user, or who made its API key; null when banned or deleted.
pub const CALLER: &str = "(SELECT platform.current_caller_id())";

/// The caller is a member of the row's organization. Every role grants `permission`; an API key needs it as a scope.
pub fn every_member(permission: &str) -> String {
    format!("organization_id = ANY ((SELECT platform.current_org_ids_for('{permission}'))::uuid[])")
}

/// The organization of the row grants `permission` to the caller's role.
pub fn in_organization(permission: &str) -> String {
    format!("organization_id = ANY ((SELECT platform.current_org_ids_with('{permission}'))::uuid[])")
}

/// The caller holds `permission` in the row's project: by the role in its organization, or as a project member.
pub fn in_project(permission: &str) -> String {
    format!(
        "({} OR project_id = ANY ((SELECT platform.current_project_ids_with('{permission}'))::uuid[]))",
        in_organization(permission)
    )
}

/// The same rule for the row of the organization or the project itself, whose key is called `id`.
pub fn of_row(rule: &str, column: &str) -> String {
    rule.replace(&format!("{column} = ANY"), "id = ANY")
}

/// Who may read a row of `table`.
pub fn select(table: &str, rule: &str) -> String {
    format!("CREATE POLICY {table}_select ON platform.{table} FOR SELECT TO ogelbase_app USING ({rule});\n")
}

/// Which rows of `table` the caller may insert.
pub fn insert(table: &str, rule: &str) -> String {
    format!("CREATE POLICY {table}_insert ON platform.{table} FOR INSERT TO ogelbase_app WITH CHECK ({rule});\n")
}

/// Which rows of `table` the caller may change, before and after.
pub fn update(table: &str, rule: &str) -> String {
    format!(
        "CREATE POLICY {table}_update ON platform.{table} FOR UPDATE TO ogelbase_app USING ({rule}) WITH CHECK ({rule});\n"
    )
}

/// Which rows of `table` the caller may delete.
pub fn delete(table: &str, rule: &str) -> String {
    format!("CREATE POLICY {table}_delete ON platform.{table} FOR DELETE TO ogelbase_app USING ({rule});\n")
}

/// The rule with each comparison with a set inside `coalesce`: a filter on the rows that a statement's own conditions
/// found, and no condition of the index that its list is read from (docs/decisions.md, 2026-11-21).
pub fn filter(rule: &str) -> String {
    const COMPARISON: &str = " = ANY ((SELECT ";
    const END: &str = "::uuid[])";
    let mut filter = String::new();
    let mut rest = rule;
    while let Some((before, after)) = rest.split_once(COMPARISON) {
        let column = before.rfind([' ', '(']).map_or(0, |index| index + 1);
        // A set of another type is compared with small tables only.
        let Some((set, after)) = after.split_once(END) else { break };
        filter.push_str(&before[..column]);
        filter.push_str(&format!("coalesce({}{COMPARISON}{set}{END}, false)", &before[column..]));
        rest = after;
    }
    filter + rest
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn comparisons_become_filters_and_the_rest_stays() {
        let set = "(SELECT platform.f('a:b'))::uuid[]";
        assert_eq!(filter("active"), "active");
        assert_eq!(filter(&format!("id = ANY ({set})")), format!("coalesce(id = ANY ({set}), false)"));
        assert_eq!(
            filter(&format!("(a = 1 OR EXISTS (SELECT 1 FROM t WHERE t.x = ANY ({set})) AND (y = ANY ({set})))")),
            format!(
                "(a = 1 OR EXISTS (SELECT 1 FROM t WHERE coalesce(t.x = ANY ({set}), false)) \
                 AND (coalesce(y = ANY ({set}), false)))"
            )
        );
    }
}
