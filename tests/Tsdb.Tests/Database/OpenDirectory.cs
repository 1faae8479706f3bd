using Narthex.Tests;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>A data directory that a database has open.</summary>
internal static class OpenDirectory
{
    /// <summary>Copies it as it is on disk now, as a kill would leave it. The lock stays behind.</summary>
    public static void Copy(string from, string to) => DirectoryCopy.Copy(from, to, except: "lock");
}
