export const enExplore = {
  title: "Explore the registry",
};
