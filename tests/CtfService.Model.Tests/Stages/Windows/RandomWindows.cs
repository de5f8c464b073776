using CtfService.Core.Models;
using CtfService.Model.Stages.Windows;

namespace CtfService.Model.Tests.Stages.Windows;

/// <summary>Another window for every image and step.</summary>
internal sealed class RandomWindows(Random random) : IWindowPolicy
{
    public int Choose(StepLoad load) => random.Next(1, DecodeWork.LargestWindow + 1);

    public void Measure(int window, int labels) => Assert.InRange(labels, 1, window);
}
