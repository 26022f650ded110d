import { runSetUp } from "@holdfast/adapter-tests/children/set-up";
import { openStore } from "../store-url.js";

runSetUp((url) => openStore(url));
