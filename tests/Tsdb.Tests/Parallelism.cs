// Some tests wait for the processes of peers most of the time.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
