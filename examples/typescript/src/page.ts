/** The dashboard as text. Everything here is typed by the document: a field that it does not select is not there. */
import type { DashboardQuery } from './gql/graphql.js';

type Organization = NonNullable<DashboardQuery['organization']>;

export function page(organization: Organization): string {
  const { name, slug, subscription, members, projects, invoices, entitlements } = organization;
  return [
    `${name} (${slug})`,
    `Plan: ${plan(subscription)}`,
    ...list('Members', members?.totalCount, members?.nodes.map(member)),
    ...list('Projects', projects?.totalCount, projects?.nodes.map(project)),
    ...list('Latest invoices', invoices?.totalCount, invoices?.nodes.map(invoice)),
    ...list('Limits', entitlements?.length, entitlements?.map(entitlement)),
  ].join('\n');
}

function plan(subscription: Organization['subscription']): string {
  if (!subscription) return 'none';
  const { planName, status, currentPeriodEnd, plan } = subscription;
  const price = plan?.price ? `, ${plan.price} ${plan.currency} for each ${plan.interval.toLowerCase()}` : '';
  const until = currentPeriodEnd ? `, until ${currentPeriodEnd.slice(0, 10)}` : '';
  return `${planName}${price}, ${status}${until}`;
}

/** A heading with the number of all, and a line for each that is here. A list that was refused is null. */
function list(title: string, count: number | undefined, rows: string[][] | undefined): string[] {
  if (count === undefined || rows === undefined) return ['', `${title}: not for you`];
  const more = count > rows.length ? [`  and ${count - rows.length} more`] : [];
  return ['', `${title} (${count})`, ...columns(rows), ...more];
}

function columns(rows: string[][]): string[] {
  const width = (at: number) => Math.max(...rows.map((row) => row[at]?.length ?? 0));
  return rows.map((row) => `  ${row.map((cell, at) => cell.padEnd(width(at))).join('  ')}`.trimEnd());
}

type Nodes<List extends keyof Organization> = NonNullable<Organization[List]> extends { nodes: (infer Node)[] }
  ? Node
  : never;

function member({ role, user }: Nodes<'members'>): string[] {
  const name = [user?.firstName, user?.lastName].filter(Boolean).join(' ');
  return [role, user?.email ?? 'not visible any more', name];
}

function project({ ref, name, region, status, compute }: Nodes<'projects'>): string[] {
  return [ref, name, status, region, compute?.instanceSize ?? ''];
}

function invoice({ number, status, total, currency }: Nodes<'invoices'>): string[] {
  return [number, status, `${total} ${currency}`];
}

function entitlement({ name, used, limit }: NonNullable<Organization['entitlements']>[number]): string[] {
  return [name, `${used} of ${limit ?? 'unlimited'}`];
}
