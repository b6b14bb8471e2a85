"""The words of messages in Chinese and English."""

LEVELS: dict[str, dict[str, str]] = {
    "zh": {"critical": "一级/红", "major": "二级/橙", "minor": "三级/黄", "warning": "四级/蓝"},
    "en": {
        "critical": "Critical/red",
        "major": "Major/orange",
        "minor": "Minor/yellow",
        "warning": "Warning/blue",
    },
}
"""The four levels with the colours that GB and the emergency response law give them."""

CHANGES: dict[str, dict[str, str]] = {
    "zh": {
        "raised": "发生",
        "severity_raised": "级别升高",
        "reopened": "再次发生",
        "resolved": "已恢复",
        "acknowledged": "已确认",
        "assigned": "已指派",
        "commented": "有备注",
        "closed": "已办结",
        "escalated": "升级上报",
    },
    "en": {
        "raised": "raised",
        "severity_raised": "severity raised",
        "reopened": "raised again",
        "resolved": "resolved",
        "acknowledged": "acknowledged",
        "assigned": "assigned",
        "commented": "commented",
        "closed": "closed",
        "escalated": "escalated",
    },
}

WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "head": "【{level}】{title}（{change}）",
        "owed": "事项：{}",
        "school": "学校：{}",
        "zone": "区域：{}",
        "device": "设备：{}",
        "time": "时间：{}",
        "count": "次数：{}",
        "suppressed": "已抑制：{}",
        "link": "处置：{}",
        "picture": "抓拍：{}",
        "trial": "测试消息：通道可用",
        "trial_by": "通道 {channel}，由 {by} 发出，不是告警",
        "digest": "【汇总】{count} 条告警消息",
        "tally": "{level} {count} 条",
        "more": "……另有 {} 条，请到值守页面查看",
        "comma": "，",
    },
    "en": {
        "head": "[{level}] {title} ({change})",
        "owed": "Owed: {}",
        "school": "School: {}",
        "zone": "Zone: {}",
        "device": "Device: {}",
        "time": "Time: {}",
        "count": "Count: {}",
        "suppressed": "Suppressed by: {}",
        "link": "Handle it: {}",
        "picture": "Picture: {}",
        "trial": "Test message: this channel works",
        "trial_by": "Channel {channel}, sent by {by}; this is no alert",
        "digest": "[Digest] {count} alert messages",
        "tally": "{level}: {count}",
        "more": "... and {} more; see the duty desk",
        "comma": ", ",
    },
}
