import { runRequestServer } from "@holdfast/adapter-tests/children/request-server";
import { openStore } from "../store-url.js";

runRequestServer((url) => openStore(url));
