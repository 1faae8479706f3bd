namespace Narthex.Configuration.Tests;

/// <summary>Files that are no list of targets, with what the real server logged of them.</summary>
public sealed class TargetGroupFileTests
{
    [Theory]
    [InlineData("", "unexpected end of JSON input")]
    [InlineData("[{\"targets\":[\"a:1\"],", "unexpected end of JSON input")]
    [InlineData("hello", "invalid character 'h' looking for beginning of value")]
    [InlineData("[{\"targets\":[\"a:1\"]}]x", "invalid character 'x' after top-level value")]
    [InlineData("[\n  {\n    targets: []}]", "invalid character 't' looking for beginning of object key string")]
    [InlineData("{\"targets\":[\"a:1\"]}", "json: cannot unmarshal object into Go value of type []*targetgroup.Group")]
    [InlineData("[{\"targets\":\"a:1\"}]", "json: cannot unmarshal string into Go struct field .targets of type []string")]
    [InlineData("[{\"targets\":[\"a:1\"],\"labels\":{\"a\":1}}]", "json: cannot unmarshal number into Go struct field .a of type model.LabelValue")]
    [InlineData(
        "[\"a\"]", "json: cannot unmarshal string into Go value of type struct { Targets []string \"json:\\\"targets\\\"\"; Labels model.LabelSet \"json:\\\"labels\\\"\" }")]
    public void A_file_of_JSON_is_refused_as_by_the_real_server(string content, string error) =>
        Assert.Equal(error, Assert.Throws<ConfigurationException>(() => TargetGroupFile.Parse("t.json", content)).Message);
}
