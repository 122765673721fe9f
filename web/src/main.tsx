import { createRoot } from 'react-dom/client';
// Monaco's workers as files of our own: the Content-Security-Policy allows no blob: workers.
import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './style.css';
import { App } from './App';
import { loadConfig } from './config';
import { Session } from './session';

const config = await loadConfig();
const session = new Session(config.endpoint);
createRoot(document.getElementById('root')!).render(<App config={config} session={session} />);
