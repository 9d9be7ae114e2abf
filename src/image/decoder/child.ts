import { configureDecoder, createDecode } from '../decode.ts';
import { serveDecoder } from './serve.ts';

/** The program of a decoder process (`process.ts` starts it). Its argument is the most megapixels that it decodes. */
configureDecoder();
serveDecoder(createDecode({ megapixels: Number(process.argv[2]) }));
