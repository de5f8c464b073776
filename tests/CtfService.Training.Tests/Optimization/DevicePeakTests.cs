using CtfService.Training.Optimization;
using static TorchSharp.torch;

namespace CtfService.Training.Tests.Optimization;

public sealed class DevicePeakTests
{
    [Theory]
    [InlineData("NVIDIA H100 80GB HBM3", true, 989)]
    [InlineData("NVIDIA H100 PCIe", true, 756)]
    [InlineData("NVIDIA H200", true, 989)]
    [InlineData("NVIDIA A100-SXM4-80GB", true, 312)]
    [InlineData("NVIDIA A100-SXM4-80GB", false, 19.5)]
    [InlineData("NVIDIA A10G", true, 70)]
    [InlineData("NVIDIA GeForce RTX 4090", false, 82.6)]
    [InlineData("NVIDIA L40S", true, 362)]
    [InlineData("NVIDIA L4", true, 121)]
    public void Of_KnownDevice_IsThatOfTheDataSheet(string name, bool useBfloat16, double teraflops) =>
        Assert.Equal(teraflops * 1e12, DevicePeak.Of(name, useBfloat16));

    [Theory]
    [InlineData("NVIDIA A1000")]
    [InlineData("Tesla T4")]
    [InlineData("")]
    public void Of_UnknownDevice_IsUnknown(string name) => Assert.Null(DevicePeak.Of(name, useBfloat16: true));

    [Fact]
    public void Of_Cpu_IsUnknown() => Assert.Null(DevicePeak.Of(CPU, useBfloat16: true));
}
