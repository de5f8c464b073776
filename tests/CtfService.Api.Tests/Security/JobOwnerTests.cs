using CtfService.Api.Security;
using Microsoft.AspNetCore.Http;

namespace CtfService.Api.Tests.Security;

public sealed class JobOwnerTests
{
    [Theory]
    [InlineData("ann", 3)]
    [InlineData("bob", 1)]
    public void Of_ACallerWithAKey_IsTheKeyWithItsWeight(string name, int weight)
    {
        var http = new DefaultHttpContext();
        CallerKey.Set(http, new ApiKeyOptions { Name = name, Weight = weight });

        Assert.Equal(new JobOwner(name, weight), JobOwner.Of(http));
    }

    [Fact]
    public void Of_ACallerWithoutAKey_IsTheOwnerWithoutAName()
    {
        Assert.Equal(new JobOwner("", 1), JobOwner.Of(new DefaultHttpContext()));
    }
}
