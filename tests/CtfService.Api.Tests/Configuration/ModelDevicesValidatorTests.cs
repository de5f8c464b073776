using CtfService.Api.Configuration;
using CtfService.Api.Models;

namespace CtfService.Api.Tests.Configuration;

public sealed class ModelDevicesValidatorTests
{
    public static TheoryData<string[], string[]> Named => new()
    {
        { [], ["auto"] },
        { ["cpu"], ["cpu"] },
        { ["cpu", "cpu"], ["cpu:0", "cpu:1"] },
        { ["cuda:0", "cuda:1"], ["cuda:0", "cuda:1"] },
    };

    [Theory]
    [MemberData(nameof(Named))]
    public void Validate_UsableDevices_GivesEachAName(string[] devices, string[] names)
    {
        var options = new ModelOptions { Devices = devices };

        Assert.True(new ModelDevicesValidator().Validate(name: null, options).Succeeded);
        Assert.Equal(names, ServingDevice.Of(options).Select(device => device.Name));
    }

    [Fact]
    public void Of_SeveralCpuCopies_ShareTheCores() =>
        Assert.All(ServingDevice.Of(new ModelOptions { Devices = ["cpu", "cpu", "cpu"] }), device => Assert.Equal(("cpu", 3), (device.Setting, device.Copies)));

    [Fact]
    public void Validate_SameDeviceInBothSettings_IsAccepted() => Assert.Empty(Problems(new ModelOptions { Device = "cpu", Devices = ["cpu"] }));

    [Fact]
    public void Validate_CudaDeviceTwice_NamesIt() => Assert.Equal(
        ["Model:Devices:1 is 'cuda:0', which is named before; expected each CUDA device once. Remove it."],
        Problems(new ModelOptions { Devices = ["cuda:0", "cuda:0"] }));

    [Fact]
    public void Validate_TwoKinds_AsksForOne() => Assert.StartsWith(
        "Model:Devices is 'cpu, cuda:0'; expected devices of one kind",
        Assert.Single(Problems(new ModelOptions { Devices = ["cpu", "cuda:0"] })));

    [Fact]
    public void Validate_OtherDeviceInModelDevice_AsksForOneSetting() => Assert.Equal(
        ["Model:Device is 'cuda' and Model:Devices is 'cuda:0, cuda:1'; expected one of the two settings. Remove the other."],
        Problems(new ModelOptions { Device = "cuda", Devices = ["cuda:0", "cuda:1"] }));

    [Fact]
    public void Validate_TooMany_SaysHowMany() => Assert.StartsWith(
        "Model:Devices names 65 devices; expected at most 64.",
        Assert.Single(Problems(new ModelOptions { Devices = [.. Enumerable.Range(0, 65).Select(number => $"cuda:{number}")] })));

    private static IEnumerable<string> Problems(ModelOptions options) => new ModelDevicesValidator().Validate(name: null, options).Failures ?? [];
}
