using System.Xml.Linq;
using Narthex.Tests;

namespace Narthex.Architecture.Tests;

/// <summary>The house stands as ARCHITECTURE.md draws it: rooms on floors, references only downwards.</summary>
public sealed class RoomTests
{
    private static readonly Dictionary<string, int> Floors = new()
    {
        ["Model"] = 1,
        ["Instrumentation"] = 1,
        ["CommandLine"] = 1,
        ["Exposition"] = 2,
        ["Storage"] = 2,
        ["Templating"] = 2,
        ["HttpClients"] = 2,
        ["Configuration"] = 3,
        ["Tsdb"] = 3,
        ["PromQL"] = 3,
        ["Discovery"] = 4,
        ["RemoteStorage"] = 4,
        ["Rules"] = 4,
        ["Scraping"] = 5,
        ["Notifications"] = 5,
        ["Web"] = 6,
        ["Promtool"] = 6,
        ["Hosting"] = 7,
        ["Prometheus"] = 8,
    };

    private static IEnumerable<string> RoomNames =>
        Directory.GetDirectories(Path.Combine(RepositoryPaths.Root, "src")).Select(folder => Path.GetFileName(folder)!);

    public static TheoryData<string> Rooms => new(RoomNames);

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_room_uses_only_rooms_on_lower_floors(string room)
    {
        Assert.True(Floors.TryGetValue(room, out int floor), $"{room} has no floor yet: give it one here and in ARCHITECTURE.md.");
        foreach (string used in References(room))
        {
            Assert.True(Floors[used] < floor, $"{room} (floor {floor}) must not use {used} (floor {Floors[used]}).");
        }
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void The_map_names_every_room(string room)
    {
        string map = File.ReadAllText(Path.Combine(RepositoryPaths.Root, "ARCHITECTURE.md"));
        Assert.Contains($"`{room}`", map, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_floor_of_this_test_has_its_room()
    {
        Assert.Equal(Floors.Keys.Order(), RoomNames.Order());
    }

    [Fact]
    public void The_query_language_does_not_know_the_database()
    {
        Assert.DoesNotContain("Tsdb", Closure("PromQL"));
        Assert.DoesNotContain("PromQL", Closure("Tsdb"));
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        XDocument solution = XDocument.Load(Path.Combine(RepositoryPaths.Root, "Narthex.slnx"));
        IEnumerable<string> listed = solution.Descendants("Project").Select(project => project.Attribute("Path")!.Value);
        IEnumerable<string> present = new[] { "src", "tests", "benchmarks" }
            .Select(folder => Path.Combine(RepositoryPaths.Root, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(RepositoryPaths.Root, path).Replace('\\', '/'))
            .Where(path => !path.Contains("/bin/", StringComparison.Ordinal) && !path.Contains("/obj/", StringComparison.Ordinal));
        Assert.Equal(present.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> References(string room) =>
        XDocument.Load(Path.Combine(RepositoryPaths.Root, "src", room, room + ".csproj"))
            .Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

    private static HashSet<string> Closure(string room)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>([room]);
        while (open.TryPop(out string? next))
        {
            foreach (string used in References(next).Where(seen.Add))
            {
                open.Push(used);
            }
        }

        return seen;
    }
}
