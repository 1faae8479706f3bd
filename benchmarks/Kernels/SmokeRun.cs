using System.Reflection;
using BenchmarkDotNet.Attributes;

namespace Narthex.Benchmarks;

/// <summary>A kernel that must not allocate once it is warm.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class AllocatesNothingAttribute : Attribute;

/// <summary>Runs every benchmark a few times in this process: they work, and those that must not allocate do not.</summary>
internal static class SmokeRun
{
    private const int WarmUps = 3;

    /// <summary>Runs all of them. False if one failed.</summary>
    public static bool All(TextWriter output)
    {
        bool good = true;
        foreach (Type type in typeof(SmokeRun).Assembly.GetTypes().OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            MethodInfo[] bodies = [.. type.GetMethods().Where(method => method.GetCustomAttribute<BenchmarkAttribute>() is not null)];
            if (bodies.Length > 0)
            {
                good &= Run(type, bodies, output);
            }
        }

        return good;
    }

    private static bool Run(Type type, MethodInfo[] bodies, TextWriter output)
    {
        object instance = Activator.CreateInstance(type)!;
        Call<GlobalSetupAttribute>(instance);
        bool good = true;
        foreach (MethodInfo body in bodies)
        {
            Action run = body.ReturnType == typeof(void) ? body.CreateDelegate<Action>(instance) : () => body.Invoke(instance, null);
            try
            {
                for (int i = 0; i < WarmUps; i++)
                {
                    run();
                }

                long before = GC.GetAllocatedBytesForCurrentThread();
                run();
                long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                bool mayAllocate = body.GetCustomAttribute<AllocatesNothingAttribute>() is null;
                good &= mayAllocate || allocated == 0;
                output.WriteLine($"{(mayAllocate || allocated == 0 ? "ok    " : "FAILED")} {type.Name}.{body.Name}: {allocated} bytes allocated");
            }
            catch (Exception error)
            {
                good = false;
                output.WriteLine($"FAILED {type.Name}.{body.Name}: {error}");
            }
        }

        Call<GlobalCleanupAttribute>(instance);
        return good;
    }

    private static void Call<TAttribute>(object instance)
        where TAttribute : Attribute
    {
        foreach (MethodInfo method in instance.GetType().GetMethods().Where(method => method.GetCustomAttribute<TAttribute>() is not null))
        {
            method.Invoke(instance, null);
        }
    }
}
