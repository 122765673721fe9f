// What the reference implementation says of a document.
import { readFileSync } from 'node:fs';
import {
  buildSchema,
  execute,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  isLeafType,
  Kind,
  parse,
  specifiedRules,
  validate,
} from 'graphql';

const SCHEMA = new URL('../../schema.graphql', import.meta.url);

export const schema = buildSchema(readFileSync(SCHEMA, 'utf8'));

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Scalars of our own: a text that fits, and what comes out goes as it is. */
function teach(name, fits) {
  const scalar = schema.getType(name);
  const check = (value) => {
    if (typeof value !== 'string' || !fits(value)) throw new GraphQLError(`not a ${name}`);
    return value;
  };
  scalar.parseValue = check;
  scalar.parseLiteral = (node) => check(node.kind === Kind.STRING ? node.value : undefined);
}

teach('DateTime', (text) => DATE_TIME.test(text) && !Number.isNaN(Date.parse(text)));
teach('UUID', (text) => UUID.test(text));
teach('Decimal', (text) => /^-?\d+(\.\d+)?$/.test(text));
teach('BigInt', (text) => /^-?\d+$/.test(text));
for (const type of Object.values(schema.getTypeMap())) {
  if (isLeafType(type) && !type.name.startsWith('__')) type.serialize = (value) => value;
}

/** Why it is refused before it runs; nothing when it runs. */
export function refusal({ query, operationName, variables }) {
  let document;
  try {
    document = parse(query, { allowLegacyFragmentVariables: false });
  } catch (error) {
    return [error];
  }
  const errors = validate(schema, document, specifiedRules);
  if (errors.length > 0) return errors;
  const operation = getOperationAST(document, operationName);
  if (!operation) return [new GraphQLError('no operation is chosen')];
  if (!schema.getRootType(operation.operation)) return [new GraphQLError('no such root')];
  return getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {}).errors;
}

/** Whether it waits for something, when it is valid. */
export function isSubscription({ query, operationName }) {
  return getOperationAST(parse(query), operationName)?.operation === 'subscription';
}

/** What it makes of an answer when it asks that for every field: the answer itself, if it has the right shape. */
export function reshaped({ query, operationName, variables }, data) {
  return execute({
    schema,
    document: parse(query),
    operationName,
    variableValues: variables,
    rootValue: data,
    fieldResolver: (source, _arguments, _context, info) => source[info.path.key],
    typeResolver: (source) => source.__typename,
  });
}
