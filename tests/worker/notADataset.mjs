export const datasets = [];
