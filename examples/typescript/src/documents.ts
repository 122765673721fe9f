/** What the program says to the server. Codegen reads the text and makes the types of variables and answers from it. */
import { graphql } from './gql/index.js';

export const SignIn = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      accessToken
    }
  }
`);

export const SignOut = graphql(`
  mutation SignOut($input: SignOutInput!) {
    signOut(input: $input) {
      signedOut
    }
  }
`);

export const Dashboard = graphql(`
  query Dashboard($slug: String!) {
    organization(slug: $slug) {
      name
      slug
      subscription {
        planName
        status
        currentPeriodEnd
        plan {
          price
          currency
          interval
        }
      }
      members(first: 100) {
        totalCount
        nodes {
          role
          user {
            email
            firstName
            lastName
          }
        }
      }
      projects(first: 100, orderBy: { field: NAME }) {
        totalCount
        nodes {
          ref
          name
          region
          status
          compute {
            instanceSize
          }
        }
      }
      invoices(first: 5) {
        totalCount
        nodes {
          number
          status
          total
          currency
        }
      }
      entitlements {
        name
        used
        limit
      }
    }
  }
`);
