// Makes src/gql/ from the server's schema and the documents in src/: a type for every document and its variables.
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: ['src/**/*.ts', '!src/gql/**'],
  generates: {
    'src/gql/': {
      preset: 'client',
      // No masking: the program reads whole answers.
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        importExtension: '.js',
        enumsAsTypes: true,
        useTypeImports: true,
        // A scalar without a line here is an error, not `any`.
        strictScalars: true,
        defaultScalarType: 'unknown',
        // Decimals and 64-bit numbers come as strings, because a JavaScript number would round them.
        scalars: {
          BigInt: 'string',
          DateTime: 'string',
          Decimal: 'string',
          JSON: 'unknown',
          UUID: 'string',
        },
      },
    },
  },
};

export default config;
