using Narthex.Tests;

namespace Narthex.Promtool.Tests;

/// <summary>Days of evaluations. In a class of its own, so that it runs beside the others.</summary>
public class LongRuleTests
{
    // Both passed what the mixin's own tests say, the real promtool in 38 seconds of a processor.
    [ConformanceFact]
    public async Task The_long_tests_of_the_Kubernetes_mixin_pass()
    {
        (int code, string output, string error) = await Tool.RunAsync("", "test", "rules", Path.Combine(RepositoryPaths.Conformance!, "mixins/kubernetes-mixin/tests/tests.yaml"));

        Assert.Equal((0, "  SUCCESS\n\n", ""), (code, output, error));
    }
}
