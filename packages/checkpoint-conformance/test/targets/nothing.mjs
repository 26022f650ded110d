export default { name: "no target at all" };
