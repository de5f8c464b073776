using System.Globalization;
using System.Numerics;
using System.Text.Json;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Checkpoints.PyTorch;

/// <summary>Reads values other than tensors that Python's pickle wrote: numbers of every width, nested and shared values, objects.</summary>
public sealed class PickleGoldenTests
{
    public static TheoryData<string> NestedFiles => [.. Nested];

    /// <summary>Files with an <c>expected.json</c> that describes their whole value.</summary>
    internal static IEnumerable<string> Nested => PyTorchGoldenTests.Files().Where(name =>
        !name.StartsWith("wrap-", StringComparison.Ordinal) && File.Exists(GoldenFolder.File($"pt/{PyTorchGoldenTests.Stem(name)}.expected.json")));

    [Theory]
    [MemberData(nameof(NestedFiles))]
    public void Open_NestedFile_GivesEveryValue(string name)
    {
        using var expected = Expected(PyTorchGoldenTests.Stem(name));
        using var file = PyTorchFile.Open(GoldenFolder.File($"pt/{name}"));

        Same(expected.RootElement.GetProperty("value"), file.Root, file, "root");
    }

    [Theory]
    [MemberData(nameof(NestedFiles))]
    public void Open_ValueUsedTwice_IsOneObject(string name)
    {
        using var file = PyTorchFile.Open(GoldenFolder.File($"pt/{name}"));

        var root = (PickleDictionary)file.Root!;

        Assert.NotNull(root.Get("shared_a"));
        Assert.Same(root.Get("shared_a"), root.Get("shared_b"));
    }

    [Fact]
    public void Open_TrainingCheckpoint_KeepsStepsAndArgumentsAsData()
    {
        using var expected = Expected("wrap-train-ckpt");
        using var file = PyTorchFile.Open(GoldenFolder.File("pt/wrap-train-ckpt.pt"));
        var value = expected.RootElement.GetProperty("value");

        var root = (PickleDictionary)file.Root!;

        Assert.Equal(value.GetProperty("top_level_keys").EnumerateArray().Select(key => key.GetString()), root.Items.Select(item => item.Key));
        Same(value.GetProperty("steps"), root.Get("steps"), file, "steps");
        Same(value.GetProperty("args"), root.Get("args"), file, "args");
    }

    [Fact]
    public void Contents_OfATrainingCheckpoint_AreOneLineEach()
    {
        using var expected = Expected("wrap-train-ckpt");
        using var file = PyTorchFile.Open(GoldenFolder.File("pt/wrap-train-ckpt.pt"));
        var value = expected.RootElement.GetProperty("value");

        Assert.Equal(value.GetProperty("top_level_keys").GetArrayLength(), file.Form.Contents.Count);
        Assert.Contains($"steps: {value.GetProperty("steps").GetRawText()}", file.Form.Contents);
        Assert.Contains(
            $"args: argparse.Namespace of {value.GetProperty("args").GetProperty("$namespace").EnumerateObject().Count()} attributes",
            file.Form.Contents);
    }

    private static JsonDocument Expected(string stem) => JsonDocument.Parse(File.ReadAllText(GoldenFolder.File($"pt/{stem}.expected.json")));

    private static void Same(JsonElement expected, object? actual, PyTorchFile file, string place)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object when expected.EnumerateObject().Take(1).ToList() is [{ Name: ['$', ..] } wrapper]:
                SameWrapped(wrapper, actual, file, place);
                break;
            case JsonValueKind.Object:
                SameItems([.. expected.EnumerateObject().Select(item => (item.Name, item.Value))], ((PickleDictionary)actual!).Items, file, place);
                break;
            case JsonValueKind.Array:
                SameSequence(expected, (List<object?>)actual!, file, place);
                break;
            default:
                Assert.True(Equals(Scalar(expected), actual), $"{place}: expected {expected.GetRawText()}, got {actual}");
                break;
        }
    }

    private static void SameWrapped(JsonProperty wrapper, object? actual, PyTorchFile file, string place)
    {
        switch (wrapper.Name)
        {
            case "$tuple":
                SameSequence(wrapper.Value, (object?[])actual!, file, place);
                break;
            case "$dict":
                SameItems([.. wrapper.Value.EnumerateArray().Select(pair => (Scalar(pair[0])!, pair[1]))], ((PickleDictionary)actual!).Items, file, place);
                break;
            case "$namespace":
                SameItems([.. wrapper.Value.EnumerateObject().Select(item => (item.Name, item.Value))], ((PickleObject)actual!).Attributes.Items, file, place);
                break;
            case "$int":
                Assert.Equal(BigInteger.Parse(wrapper.Value.GetString()!, CultureInfo.InvariantCulture), Assert.IsType<BigInteger>(actual));
                break;
            case "$float":
                var number = Convert.ToString((double)actual!, CultureInfo.InvariantCulture);
                Assert.Equal(wrapper.Value.GetString(), number switch { "Infinity" => "inf", "NaN" => "nan", _ => number });
                break;
            case "$tensor":
                SameTensor(wrapper.Value, (PyTorchTensor)actual!, file, place);
                break;
            default:
                Assert.Fail($"{place}: the expectation {wrapper.Name} is unknown");
                break;
        }
    }

    private static void SameItems(
        IReadOnlyList<(object Key, JsonElement Value)> expected, IReadOnlyList<KeyValuePair<object, object?>> actual, PyTorchFile file, string place)
    {
        Assert.Equal(expected.Select(item => item.Key), actual.Select(item => item.Key));
        foreach (var (item, value) in expected.Zip(actual))
        {
            Same(item.Value, value.Value, file, $"{place}.{item.Key}");
        }
    }

    private static void SameSequence(JsonElement expected, IReadOnlyList<object?> actual, PyTorchFile file, string place)
    {
        Assert.Equal(expected.GetArrayLength(), actual.Count);
        foreach (var (item, index) in expected.EnumerateArray().Select((item, index) => (item, index)))
        {
            Same(item, actual[index], file, $"{place}[{index}]");
        }
    }

    private static void SameTensor(JsonElement expected, PyTorchTensor tensor, PyTorchFile file, string place)
    {
        var values = new float[tensor.ElementCount];
        file.Copy(tensor, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));

        Assert.Equal(expected.GetProperty("dtype").GetString(), tensor.Storage.Type.Name);
        Assert.Equal(expected.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), tensor.Shape);
        Assert.True(expected.GetProperty("values").EnumerateArray().Select(value => value.GetSingle()).SequenceEqual(values), place);
    }

    /// <summary>Integers are long and other numbers double, as in the pickle.</summary>
    private static object? Scalar(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null => null,
        _ => element.TryGetInt64(out var whole) && !element.GetRawText().Contains('.', StringComparison.Ordinal) ? (object)whole : element.GetDouble(),
    };
}
