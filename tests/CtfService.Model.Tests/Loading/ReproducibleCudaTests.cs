using CtfService.Model.Loading;
using static TorchSharp.torch;

namespace CtfService.Model.Tests.Loading;

public sealed class ReproducibleCudaTests
{
    [Fact]
    public void Open_Scope_SetsLibtorchAndRestoresIt()
    {
        using (ReproducibleCuda.Open())
        {
            Assert.True(ReproducibleCuda.IsSet);
            using var sum = ones(3).sum();
            Assert.Equal(3, sum.item<float>());
        }

        Assert.False(ReproducibleCuda.IsSet);
    }

    [Fact]
    public void On_Cpu_ChangesNothing() => Assert.Null(ReproducibleCuda.On(CPU));
}
