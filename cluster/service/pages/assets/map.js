// The map of weaknesses: filters and bars without loading the page anew.
import { filtering } from "/assets/filters.js";

filtering(["filters", "map"], () => {});
