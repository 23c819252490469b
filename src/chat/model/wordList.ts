/**
 * The 256 words that keys are read out in: common, of three to six letters, none the beginning of another, and no two that sound
 * alike or differ in one letter. Their order is part of what people compare: it never changes.
 */
export const KEY_WORD_LIST: readonly string[] = `
  acid actor alarm album amber anchor animal apple april arena arrow atlas autumn avenue bacon badge bamboo
  banana barrel basket beetle bishop bottle bronze brush bubble bucket budget button cabin cactus camera candle
  carpet cashew castle cherry chess circus cloud coffee comet copper coral cotton cradle crayon cube dagger
  dance desert dinner doctor donkey dragon drum duck eagle echo elbow emblem enamel engine fabric falcon farmer
  fence ferry fiddle flag forest fossil fox frog fruit gadget galaxy garden garlic giant ginger globe goblet
  gold grape guitar hammer hazel helmet honey hotel hunter igloo indigo iron island ivory jacket jaguar jelly
  jigsaw jockey judge jungle kayak kettle kidney kiwi koala ladder lagoon lamp laptop lava legend lemon lentil
  letter lilac lion lizard lobby locust logic lunch magnet mango maple marble market mask meadow mentor merlin
  meteor mirror moon motor muffin museum music napkin nectar needle novel nurse oasis object ocean octave office
  olive onion opera orange orbit orchid oxygen oyster palace panda paper parrot pastry peach pencil pepper piano
  picnic pigeon pillow pirate pizza planet poem poncho potato pulse purple puzzle quartz quilt rabbit radar
  ranger raven remedy ribbon river robot rocket rubber ruby saddle safari salad salmon sandal saturn sauna scarf
  shadow shovel shrimp silver sketch smoke snake spider sponge storm sugar summit swamp table teapot temple
  tennis thumb tiger timber toast tomato topaz tower tulip tunnel turkey turtle tuxedo twelve uncle urchin
  valley velvet vessel victor violin volume voyage waffle wagon walnut wheel window winter wombat wonder yacht
  yellow yogurt zebra zenith zinc zipper zone
`
  .trim()
  .split(/\s+/);
