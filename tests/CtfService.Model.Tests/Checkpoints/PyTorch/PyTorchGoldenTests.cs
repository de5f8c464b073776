using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Checkpoints.PyTorch;
using CtfService.Model.Checkpoints.Tensors;
using CtfService.Model.TestSupport;
using CtfService.Model.Transformer;
using CtfService.TestSupport;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Checkpoints.PyTorch;

/// <summary>Reads files that torch.save wrote and compares them with the expected contents next to them. Every file of the folder is used.</summary>
public sealed class PyTorchGoldenTests
{
    private static readonly string[] LlamaGenLeftovers = ["freqs_cis"];

    /// <summary>The expected part of the message for some bad files.</summary>
    private static readonly Dictionary<string, string> Reasons = new()
    {
        ["bad-os-system.pt"] = "names 'posix.system'",
        ["bad-os-system-legacy.pt"] = "names 'posix.system'",
        ["bad-eval-nested.pt"] = "names '__builtin__.eval'",
        ["bad-truncated.pt"] = "without a central directory; it was truncated",
        ["bad-short-storage.pt"] = "bytes, but",
        ["bad-missing-storage.pt"] = "has no record",
        ["bad-oob-view.pt"] = "a tensor [200, 4] reaches element",
        ["bad-negative-offset.pt"] = "has the storage_offset -4; expected at least 0",
    };

    public static TheoryData<string> PlainFiles => [.. Plain];

    public static TheoryData<string> WrappedModels => [.. Wrapped];

    public static TheoryData<string> BadFiles => [.. Bad];

    public static TheoryData<string> WholeModels =>
        [.. Directory.GetFiles(GoldenFolder.Root, "*.pt").Select(path => Path.GetFileNameWithoutExtension(path))];

    [Theory]
    [MemberData(nameof(PlainFiles))]
    public void Open_PlainFile_GivesEveryTensorInOrder(string name)
    {
        using var scope = NewDisposeScope();
        using var expected = SafetensorsFile.Open(GoldenFolder.File($"pt/{Stem(name)}.expected.safetensors"));

        using var file = PyTorchFile.Open(GoldenFolder.File($"pt/{name}"));

        Assert.Equal(expected.Entries.Select(entry => entry.Name).Order(), file.Entries.Select(entry => entry.Name).Order());
        Assert.All(expected.Entries, entry => SameBits(expected, file, entry.Name));
    }

    [Theory]
    [MemberData(nameof(WrappedModels))]
    public void Open_WrappedModel_GivesItsWeights(string name)
    {
        using var scope = NewDisposeScope();
        using var expected = SafetensorsFile.Open(GoldenFolder.File("pt/wrap.expected.safetensors"));

        using var file = PyTorchFile.Open(GoldenFolder.File($"pt/{name}"));

        foreach (var entry in expected.Entries.Where(entry => !entry.Name.StartsWith('$')))
        {
            var weight = file.Read(entry.Name);
            TensorAssert.Equal(expected.Read(entry.Name).to(weight.dtype), weight, $"{name}: {entry.Name}");
        }
    }

    [Theory]
    [MemberData(nameof(WrappedModels))]
    public void Load_WrappedModel_GivesTheReferencesLogits(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var expected = SafetensorsFile.Open(GoldenFolder.File("pt/wrap.expected.safetensors"));
        using var file = PyTorchFile.Open(GoldenFolder.File($"pt/{name}"));
        using var transformer = new ClassConditionalTransformer(GoldenModels.WrappedConfig);

        StateDictLoader.Load(transformer, file, LlamaGenLeftovers);
        transformer.eval();
        var logits = transformer.call(expected.Read("$class_ids"), expected.Read("$token_ids"));

        // Half precision rounds the weights; the reference has logits of the unrounded weights only.
        var halved = file.Entries[0].Dtype != ScalarType.Float32;
        TensorAssert.Close(expected.Read("$full_logits"), logits, halved ? 2e-2 : 2e-5, name);
    }

    [Fact]
    public void Open_PreferEma_GivesAveragedWeights()
    {
        using var scope = NewDisposeScope();
        using var expected = SafetensorsFile.Open(GoldenFolder.File("pt/wrap.expected.safetensors"));

        using var file = PyTorchFile.Open(GoldenFolder.File("pt/wrap-train-ckpt.pt"), preferEma: true);

        foreach (var entry in expected.Entries.Where(entry => !entry.Name.StartsWith('$')))
        {
            TensorAssert.CloseAbsolute((expected.Read(entry.Name) * 0.5) + 0.25, file.Read(entry.Name), 1e-6, entry.Name);
        }
    }

    [Fact]
    public void Open_NoAveragedWeights_NamesTheAvailableWeights()
    {
        var error = Assert.Throws<CheckpointException>(() => PyTorchFile.Open(GoldenFolder.File("pt/wrap-model.pt"), preferEma: true));

        Assert.Contains("no averaged weights (key 'ema'); it contains model: dict of", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void Open_BadFile_ThrowsItsErrorWithoutSideEffects(string name)
    {
        var before = Directory.GetFileSystemEntries(Directory.GetCurrentDirectory());

        var error = Assert.Throws<CheckpointException>(() => PyTorchFile.Open(GoldenFolder.File($"pt/{name}")));

        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(Reasons.GetValueOrDefault(name, ""), error.Message, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFileSystemEntries(Directory.GetCurrentDirectory()));
        Assert.False(File.Exists(Path.Combine(GoldenFolder.Root, "pt", "PWNED")));
    }

    [Theory]
    [MemberData(nameof(WholeModels))]
    public void Open_WholeModel_EqualsItsSafetensorsTwin(string name)
    {
        using var scope = NewDisposeScope();
        using var twin = SafetensorsFile.Open(GoldenFolder.File($"{name}.weights.safetensors"));

        using var file = PyTorchFile.Open(GoldenFolder.File($"{name}.pt"));

        Assert.Equal("model", file.Form.Name);
        Assert.Empty(file.Entries.Select(entry => entry.Name).Except(twin.Entries.Select(entry => entry.Name)).Except(["quantize.codebook_used"]));
        Assert.All(twin.Entries, entry => SameBits(twin, file, entry.Name));
    }

    [Fact]
    public void Folder_EveryFile_IsUsedByATest()
    {
        var used = Plain.Concat(Wrapped).Concat(Bad).Concat(PickleGoldenTests.Nested);

        Assert.Empty(Files().Except(used));
    }

    /// <summary>Files of plain tensors: <c>NAME.pt</c> and <c>NAME-legacy.pt</c> next to <c>NAME.expected.safetensors</c>.</summary>
    private static IEnumerable<string> Plain =>
        Files().Where(name => !IsWrapped(name) && File.Exists(GoldenFolder.File($"pt/{Stem(name)}.expected.safetensors")));

    private static IEnumerable<string> Wrapped => Files().Where(IsWrapped);

    private static IEnumerable<string> Bad => Files().Where(IsBad);

    internal static IEnumerable<string> Files() =>
        Directory.GetFiles(GoldenFolder.File("pt"), "*.pt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    internal static string Stem(string name) => Path.GetFileNameWithoutExtension(name).Replace("-legacy", "", StringComparison.Ordinal);

    private static bool IsWrapped(string name) => name.StartsWith("wrap-", StringComparison.Ordinal);

    private static bool IsBad(string name) => name.StartsWith("bad-", StringComparison.Ordinal);

    /// <summary>Same dtype, shape and bits, except for the payload of a NaN.</summary>
    private static void SameBits(TensorFile expected, TensorFile actual, string name)
    {
        Assert.Equal(expected.Entry(name).Dtype, actual.Entry(name).Dtype);
        Assert.Equal(expected.Entry(name).Shape, actual.Entry(name).Shape);
        var (left, right) = (expected.Read(name), actual.Read(name));
        TensorAssert.Equal(left, right, name);
        if (left.is_floating_point())
        {
            TensorAssert.Equal(Signs(left), Signs(right), $"sign of {name}");
        }
    }

    private static Tensor Signs(Tensor numbers) => numbers.signbit().logical_and(numbers.isnan().logical_not());
}
